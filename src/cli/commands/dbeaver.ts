import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { SallyportError } from '../../errors.ts'

/** Where DBeaver keeps its workspace (its documentation, "Workspace location"). */
const WORKSPACES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['Library', 'DBeaverData', 'workspace6'],
  win32: ['AppData', 'Roaming', 'DBeaverData', 'workspace6'],
  linux: ['.local', 'share', 'DBeaverData', 'workspace6'],
}
const SOURCES = ['General', '.dbeaver', 'data-sources.json']

const DRIVERS = {
  postgres: { provider: 'postgresql', driver: 'postgres-jdbc', scheme: 'postgresql' },
  mysql: { provider: 'mysql', driver: 'mysql8', scheme: 'mysql' },
} as const

interface DbeaverConnection {
  /** Null: DBeaver's own place. */
  readonly workspace: string | null
  readonly name: string
  readonly engine: keyof typeof DRIVERS
  /** Of the tunnel on this machine. */
  readonly port: number
  readonly database: string
}

/** Adds the connection, or changes it where it is there; what else stands in the file stays. Gives the file's path. */
export async function writeDbeaverConnection(connection: DbeaverConnection): Promise<string> {
  const path = join(connection.workspace ?? defaultWorkspace(), ...SOURCES)
  const sources = await readSources(path)
  const { provider, driver, scheme } = DRIVERS[connection.engine]
  const id = `sallyport-${connection.name.replace('/', '-')}`
  const { port, database, name } = connection
  const entry = {
    provider,
    driver,
    name: `sallyport ${name}`,
    'save-password': true,
    configuration: {
      host: '127.0.0.1',
      port: String(port),
      database,
      url: `jdbc:${scheme}://127.0.0.1:${port}/${database}`,
      configurationType: 'MANUAL',
      type: 'prod',
      'auth-model': 'native',
      user: 'sso',
    },
  }
  const next = { ...sources, connections: { ...sources.connections, [id]: entry } }
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.next`, `${JSON.stringify(next, null, '\t')}\n`)
  await rename(`${path}.next`, path)
  return path
}

function defaultWorkspace(): string {
  const parts = WORKSPACES[process.platform]
  if (parts === undefined) throw new SallyportError('SP-INPUT', "name DBeaver's workspace: --dbeaver FOLDER")
  return join(homedir(), ...parts)
}

interface Sources {
  readonly connections?: Readonly<Record<string, unknown>>
}

async function readSources(path: string): Promise<Sources> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { connections: {} }
    throw new SallyportError('SP-INPUT', `${path} can't be read`, { cause: error })
  }
  try {
    return JSON.parse(text) as Sources
  } catch {
    throw new SallyportError('SP-INPUT', `${path} is no file of DBeaver's: nothing was written`)
  }
}
