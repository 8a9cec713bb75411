/** The colours of the page as the map draws with them: a canvas reads no style sheets. */
const NAMES = {
  sea: '--map-sea', land: '--map-land', coast: '--map-coast', border: '--map-border', grid: '--map-grid', place: '--map-place',
  halo: '--map-halo', track: '--map-track', trackGround: '--map-track-ground', ink: '--ink', soft: '--ink-soft', surface: '--surface',
  accent: '--accent', focus: '--focus', now: '--now', soon: '--soon', doubt: '--doubt', stale: '--stale', well: '--well',
} as const // prettier-ignore

export type Palette = Record<keyof typeof NAMES, string>

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element)
  return Object.fromEntries(Object.entries(NAMES).map(([name, token]) => [name, style.getPropertyValue(token).trim()])) as Palette
}

/** Calls whenever the page takes other colours; gives what ends that. */
export function onPalette(does: () => void): () => void {
  const themes = new MutationObserver(does)
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  const dark = matchMedia('(prefers-color-scheme: dark)')
  dark.addEventListener('change', does)
  return () => {
    themes.disconnect()
    dark.removeEventListener('change', does)
  }
}
