const forgets = new Set<() => void>()

/** Calls this whenever somebody signs out, or is signed out: what is held was for them. */
export function whenLeft(forget: () => void): void {
  forgets.add(forget)
}

/** They are gone. */
export function leave(): void {
  for (const forget of forgets) forget()
}
