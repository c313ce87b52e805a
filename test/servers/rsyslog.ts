import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { makeCertificates } from '../../certs/make.ts'
import { giveTo, inServerFolder, isExecutable, launch } from './process.ts'

/** Debian keeps it where a person's PATH does not look. */
const SERVER = '/usr/sbin/rsyslogd'
const DRIVERS = '/usr/lib'

/** A receiver of syslog with TLS, of its own, that writes all it gets into one file. */
export interface Rsyslog {
  readonly port: number
  /** PEM of the authority of its certificate, for localhost, 127.0.0.1 and ::1. */
  readonly ca: string
  /** The same as a file. */
  readonly caFile: string
  /** What came so far: facility and severity as one number, and the parts of RFC 5424, by line. */
  lines(): readonly string[]
  /** Ends it, so that it starts again on the same port. */
  stop(): Promise<void>
}

export interface RsyslogOptions {
  readonly tls: boolean
}

/** Why it can't be started here, or null where it can. */
export function rsyslogUnavailable(): string | null {
  if (!isExecutable(SERVER)) return 'rsyslog is not installed (apt-get install rsyslog)'
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const driver = join(DRIVERS, `${machine}-linux-gnu`, 'rsyslog', 'lmnsd_gtls.so')
  try {
    readFileSync(driver)
    return null
  } catch (error) {
    return `rsyslog has no TLS here (apt-get install rsyslog-gnutls): ${error instanceof Error ? error.message : ''}`
  }
}

export async function startRsyslog({ tls }: RsyslogOptions): Promise<Rsyslog> {
  return await inServerFolder('rsyslog', async (folder) => {
    const { path, account } = folder
    const certificates = makeCertificates(path)
    const output = join(path, 'received.log')
    writeFileSync(output, '')
    giveTo(account, output, certificates.ca, certificates.cert, certificates.key)
    const configuration = join(path, 'rsyslog.conf')
    const args = (port: number) => {
      writeFileSync(configuration, configurationOf(port, output, path, tls ? certificates : null))
      giveTo(account, configuration)
      return ['-n', '-f', configuration, '-i', join(path, 'rsyslog.pid')]
    }
    const server = await launch({ folder, command: SERVER, args, stopSignal: 'SIGTERM', probe: answers })
    const lines = () => {
      const text = readFileSync(output, 'utf8')
      return text.split('\n').slice(0, -1)
    }
    return {
      port: server.port,
      ca: readFileSync(certificates.ca, 'utf8'),
      caFile: certificates.ca,
      lines,
      stop: server.stop,
    }
  })
}

function configurationOf(
  port: number,
  output: string,
  folder: string,
  tls: { readonly ca: string; readonly cert: string; readonly key: string } | null,
): string {
  const stream =
    tls === null
      ? ''
      : ` defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="${tls.ca}"` +
        ` defaultNetstreamDriverCertFile="${tls.cert}" defaultNetstreamDriverKeyFile="${tls.key}"`
  const driver = tls === null ? '' : ' streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"'
  const parts = ['pri', 'timereported:::date-rfc3339', 'hostname', 'app-name', 'procid', 'msgid', 'structured-data']
  return `global(workDirectory="${folder}" maxMessageSize="8k"${stream})
module(load="imtcp"${driver})
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="parts" type="string" string="${parts.map((part) => `%${part}%`).join(' ')} %msg%\\n")
action(type="omfile" file="${output}" template="parts" asyncWriting="off")
`
}

async function answers(port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect(port, '127.0.0.1', resolve)
  socket.once('error', reject)
  try {
    await promise
  } finally {
    socket.destroy()
  }
}
