import type { Import, Parsed, Problem } from './sources.ts'

/** One row of the table of layers in docs/ARCHITECTURE.md. Paths are below src/; a folder ends in `/`. */
interface Layer {
  readonly at: string
  /** What it may import beside itself. */
  readonly from: readonly string[]
  /** What it may import for its types alone. */
  readonly types?: readonly string[]
  /** Packages and Node modules; null where any will do. */
  readonly packages: readonly string[] | null
}

const PARSERS = ['libpg-query-15', 'libpg-query-16', 'libpg-query-17', 'libpg-query-18']
const HASHES = ['node:crypto']
const BOTTOM = ['errors.ts', 'refusals.ts', 'access_refusals.ts', 'bytes/']
const FIRST = [...BOTTOM, 'wire/postgres/', 'wire/mysql/', 'sql/', 'identity/', 'masking/']
const SECOND = [...FIRST, 'policy/', 'audit/']
const THIRD = [...SECOND, 'session/', 'access/']
const EDGES = [
  'upstream/',
  'store/',
  'sinks/',
  'oidc/',
  'secrets/',
  'incidents/',
  'config/',
  'reports/',
  'search/',
  'alerts/',
  'recording/',
]

const LAYERS: readonly Layer[] = [
  { at: 'refusals.ts', from: [], packages: [] },
  { at: 'access_refusals.ts', from: ['refusals.ts'], packages: [] },
  { at: 'errors.ts', from: ['refusals.ts', 'access_refusals.ts'], packages: [] },
  { at: 'bytes/', from: ['errors.ts'], packages: [] },
  { at: 'wire/postgres/', from: BOTTOM, packages: HASHES },
  { at: 'wire/mysql/', from: BOTTOM, packages: HASHES },
  { at: 'sql/', from: BOTTOM, packages: [...PARSERS, 'lru-cache'] },
  { at: 'identity/', from: BOTTOM, packages: [] },
  { at: 'masking/', from: BOTTOM, packages: HASHES },
  { at: 'policy/', from: FIRST, packages: HASHES },
  { at: 'audit/', from: FIRST, types: ['policy/'], packages: [...HASHES, 'tweetnacl'] },
  { at: 'session/', from: SECOND, packages: [...HASHES, 'lru-cache'] },
  { at: 'access/', from: SECOND, packages: ['@marcbachmann/cel-js'] },
  { at: 'upstream/', from: [...SECOND, 'session/ports.ts'], packages: null },
  { at: 'outbound/', from: BOTTOM, packages: null },
  { at: 'auditlog/', from: THIRD, packages: null },
  ...EDGES.slice(1).map((at) => ({ at, from: [...THIRD, 'outbound/', 'auditlog/'], packages: null })),
  { at: 'proxy/', from: [...THIRD, ...EDGES], packages: null },
  { at: 'control/', from: [...THIRD, 'outbound/'], packages: null },
  { at: 'http/', from: [...THIRD, 'outbound/'], packages: null },
  { at: 'console/', from: ['errors.ts', 'http/contract/'], packages: null },
  { at: 'node_version.ts', from: [], packages: [] },
  { at: 'version.ts', from: [], packages: [] },
  ...['main.ts', 'serve.ts', 'live_config.ts', 'compose/', 'cli/'].map((at) => ({
    at,
    from: [
      'node_version.ts',
      'version.ts',
      ...THIRD,
      ...EDGES,
      'outbound/',
      'auditlog/',
      'proxy/',
      'control/',
      'http/',
      'cli/',
      'serve.ts',
      'compose/',
      'live_config.ts',
      'main.ts',
    ],
    packages: null,
  })),
]

/** Layers 0 to 3: the same input gives the same output, at once. */
const PURE = THIRD

/** Deterministic functions of node:crypto; the pure layers get randomness as an argument. */
const PURE_CRYPTO = new Set([
  'createHash',
  'createHmac',
  'createPrivateKey',
  'createPublicKey',
  'createSecretKey',
  'hash',
  'pbkdf2Sync',
  'sign',
  'timingSafeEqual',
  'verify',
])

/** MySQL sends the password under the server's RSA key (caching_sha2_password); the padding draws random bytes itself. */
const RSA_PASSWORD = { path: 'src/wire/mysql/auth/caching-sha2.ts', names: new Set(['constants', 'publicEncrypt']) }

export function isPure(path: string): boolean {
  return PURE.some((at) => below(path, at))
}

/** Imports that point up or across, and packages where they have no place. */
export function checkLayers(file: Parsed): Problem[] {
  if (!file.path.startsWith('src/')) return []
  const layer = LAYERS.find((row) => below(file.path, row.at))
  if (layer === undefined) return [`${file.path}:1 layer: no row of the table of layers has this place`]
  return file.imports.flatMap((entry) => {
    const why = entry.path === null ? badPackage(layer, file.path, entry) : badPath(layer, entry)
    return why === null ? [] : [`${file.path}:${entry.line} layer: ${layer.at} may not import ${why}`]
  })
}

function badPath(layer: Layer, entry: Import): string | null {
  const target = entry.path ?? ''
  if (layer.at === 'version.ts' && target === 'package.json') return null
  if ([layer.at, ...layer.from].some((at) => below(target, at))) return null
  if (layer.types?.some((at) => below(target, at)))
    return entry.typeOnly || entry.names.length === 0 ? null : `values of ${target}`
  return target
}

function badPackage(layer: Layer, path: string, entry: Import): string | null {
  if (layer.packages === null) return null
  if (!layer.packages.includes(entry.specifier))
    return entry.typeOnly && entry.specifier === 'node:crypto' ? null : entry.specifier
  if (entry.specifier !== 'node:crypto' || entry.typeOnly || !isPure(path)) return null
  const allowed = path === RSA_PASSWORD.path ? RSA_PASSWORD.names : PURE_CRYPTO
  const random = entry.names.filter((name) => !PURE_CRYPTO.has(name) && !allowed.has(name))
  if (entry.names.length === 0) return 'node:crypto as a whole'
  return random.length > 0 ? `${random.join(', ')} of node:crypto` : null
}

function below(path: string, at: string): boolean {
  const place = path.startsWith('src/') ? path.slice(4) : null
  if (place === null) return false
  return at.endsWith('/') ? place.startsWith(at) : place === at
}
