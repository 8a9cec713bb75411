/** Whether a browser can draw a map at all. */

/** It has no WebGL, or it is turned off. */
export class NoGraphics extends Error {
  constructor() {
    super('This browser has no WebGL')
    this.name = 'NoGraphics'
  }
}

/** Throws `NoGraphics` where no map can be drawn. */
export function needsGraphics(): void {
  const context = document.createElement('canvas').getContext('webgl2')
  if (context === null) throw new NoGraphics()
  // A page has few of them: this one is given back.
  context.getExtension('WEBGL_lose_context')?.loseContext()
}
