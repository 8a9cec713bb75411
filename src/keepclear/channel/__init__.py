"""What parties say to each other, and what can be proven about it: messages, statements about them, and who still owes what."""
