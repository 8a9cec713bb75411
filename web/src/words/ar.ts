const files = import.meta.glob<Record<string, string>>('./ar/*.json', { eager: true, import: 'default' })
export const catalogue: Readonly<Record<string, string>> = Object.assign({}, ...Object.values(files))
