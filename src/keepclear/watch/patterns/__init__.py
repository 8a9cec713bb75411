"""What single positions do not show: many gathering, one going around, nobody looking."""
