/** What somebody is writing where it must not be lost, kept in this browser until it has gone. */
const PREFIX = 'keepclear.writing.'

/** What was written there, by field; nothing where nothing is kept. */
export function writtenAt(place: string): Partial<Record<string, string>> {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(PREFIX + place) ?? '{}')
    if (typeof found !== 'object' || found === null) return {}
    return Object.fromEntries(Object.entries(found).filter(([, text]) => typeof text === 'string')) as Record<string, string>
  } catch {
    return {}
  }
}

/** Keeps it; where every field is empty, nothing. A browser that keeps nothing loses it with the page, as it would have done. */
export function keepWritten(place: string, fields: Record<string, string>): void {
  try {
    if (Object.values(fields).every((text) => text === '')) localStorage.removeItem(PREFIX + place)
    else localStorage.setItem(PREFIX + place, JSON.stringify(fields))
  } catch {
    // It stands in the form all the same.
  }
}
