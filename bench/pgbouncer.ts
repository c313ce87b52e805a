import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, waitForPort } from './ports.ts'

export interface Running {
  readonly port: number
  readonly pid: number
  readonly stop: () => void
}

const BINARY = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path))

/** pgbouncer in session mode with TLS towards its clients, or null where it is not installed. */
export async function startPgbouncer(
  server: { readonly port: number; readonly user: string; readonly password: string },
  tls: { readonly cert: string; readonly key: string },
): Promise<Running | null> {
  if (!BINARY) return null
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
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
    'client_tls_sslmode = require',
    `client_tls_cert_file = ${tls.cert}`,
    `client_tls_key_file = ${tls.key}`,
    'server_tls_sslmode = disable',
    'unix_socket_dir =',
    'log_connections = 0',
    'log_disconnections = 0',
  ]
  writeFileSync(join(folder, 'pgbouncer.ini'), `${lines.join('\n')}\n`, { mode: 0o644 })
  // pgbouncer refuses to run as root.
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
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
