export interface Row {
  readonly name: string
  readonly figures: Readonly<Record<string, number>>
}

const BASES = ['direct', 'pgbouncer', 'bare Node', 'bare Node with stars']

/** Every figure of every endpoint, and its ratio to those that it is compared with. */
export function table(
  rows: readonly Row[],
  bases: readonly string[] = BASES,
  compared: readonly string[] = ['Sallyport'],
): string {
  const pairs = compared.flatMap((name) => bases.filter((base) => base !== name).map((base) => ({ name, base })))
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))]
  const header = ['figure', ...rows.map(({ name }) => name), ...pairs.map(({ name, base }) => `${name} / ${base}`)]
  const lines = figures.map((figure) => [
    figure,
    ...rows.map((row) => shown(row.figures[figure])),
    ...pairs.map((pair) => ratio(rows, figure, pair)),
  ])
  const widths = header.map((title, at) => Math.max(title.length, ...lines.map((line) => (line[at] ?? '').length)))
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return `${[format(header), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)].join('\n')}\n`
}

function ratio(rows: readonly Row[], figure: string, { name, base }: { name: string; base: string }): string {
  const own = rows.find((row) => row.name === name)?.figures[figure]
  const other = rows.find((row) => row.name === base)?.figures[figure]
  return own === undefined || other === undefined || other === 0 ? '' : (own / other).toFixed(2)
}

function shown(value: number | undefined): string {
  if (value === undefined) return ''
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1)
}
