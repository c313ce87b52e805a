import { spawn } from 'node:child_process'
import { chownSync, copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, waitForPort } from './ports.ts'

export interface Running {
  readonly port: number
  readonly pid: number
  readonly stop: () => void
}

const NOBODY = 65_534
const BINARY = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path))

/** pgbouncer in session mode with TLS towards its clients, or null where it is not installed. */
export async function startPgbouncer(
  server: { readonly port: number; readonly user: string; readonly password: string },
  tls: { readonly cert: string; readonly key: string },
): Promise<Running | null> {
  if (!BINARY) return null
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
  const cert = join(folder, 'server.pem')
  const key = join(folder, 'server.key')
  copyFileSync(tls.cert, cert)
  copyFileSync(tls.key, key)
  const port = await freePort()
  writeFileSync(join(folder, 'users.txt'), `"${server.user}" "${server.password}"\n`, { mode: 0o644 })
  const lines = [
    '[databases]',
    `* = host=127.0.0.1 port=${server.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'auth_type = plain',
    `auth_file = ${join(folder, 'users.txt')}`,
    'pool_mode = session',
    'default_pool_size = 200',
    'max_client_conn = 500',
    'client_tls_sslmode = require',
    `client_tls_cert_file = ${cert}`,
    `client_tls_key_file = ${key}`,
    'server_tls_sslmode = disable',
    'unix_socket_dir =',
    'log_connections = 0',
    'log_disconnections = 0',
  ]
  writeFileSync(join(folder, 'pgbouncer.ini'), `${lines.join('\n')}\n`, { mode: 0o644 })
  // pgbouncer refuses to run as root.
  const asRoot = process.getuid?.() === 0
  const account = asRoot ? { uid: NOBODY, gid: NOBODY } : {}
  if (asRoot) for (const path of [folder, cert, key]) chownSync(path, NOBODY, NOBODY)
  const child = spawn(BINARY, ['-q', join(folder, 'pgbouncer.ini')], { stdio: 'ignore', ...account })
  await waitForPort(port)
  return {
    port,
    pid: child.pid as number,
    stop: () => {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
