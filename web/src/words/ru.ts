const files = import.meta.glob<Record<string, string>>('./ru/*.json', { eager: true, import: 'default' })
export const catalogue: Readonly<Record<string, string>> = Object.assign({}, ...Object.values(files))
