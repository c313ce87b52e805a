import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterAll, describe, expect, it } from 'vitest'
import { type CertificateFiles, makeCertificates } from '../certs/make.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-certs-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(files: CertificateFiles): { ca: string; cert: string; key: string } {
  return {
    ca: readFileSync(files.ca, 'utf8'),
    cert: readFileSync(files.cert, 'utf8'),
    key: readFileSync(files.key, 'utf8'),
  }
}

describe('development certificates', () => {
  const files = makeCertificates(join(folder, 'local'))
  const pem = read(files)

  it('are signed by an authority that may sign nothing below itself', () => {
    const authority = new X509Certificate(pem.ca)
    const server = new X509Certificate(pem.cert)
    expect(authority.ca).toBe(true)
    expect(server.ca).toBe(false)
    expect(server.checkIssued(authority)).toBe(true)
    expect(server.verify(authority.publicKey)).toBe(true)
    expect(authority.verify(authority.publicKey)).toBe(true)
  })

  it('name the loopback in each way that clients write it', () => {
    const server = new X509Certificate(pem.cert)
    expect(server.checkHost('localhost')).toBe('localhost')
    expect(server.checkIP('127.0.0.1')).toBe('127.0.0.1')
    expect(server.checkIP('::1')).toBe('::1')
    expect(server.checkHost('example.test')).toBeUndefined()
  })

  it('leave one key behind, which others cannot read', () => {
    expect(statSync(files.key).mode & 0o777).toBe(0o600)
    expect(new X509Certificate(pem.ca).publicKey.equals(new X509Certificate(pem.cert).publicKey)).toBe(false)
  })

  it('take other names, long ones too', () => {
    const names = [
      'db.example.test',
      `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.test`,
      '2001:db8::5:1',
      '10.0.0.7',
    ]
    const server = new X509Certificate(readFileSync(makeCertificates(join(folder, 'other'), names).cert))
    for (const name of names.slice(0, 2)) expect(server.checkHost(name)).toBe(name)
    for (const address of names.slice(2)) expect(server.checkIP(address)).toBe(address)
  })

  it('serve a TLS handshake with the name verified, and fail one for another name', async () => {
    expect(await handshake(pem, 'localhost')).toBe('authorized')
    expect(await handshake(pem, 'other.test')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  })
})

function handshake(pem: { ca: string; cert: string; key: string }, servername: string): Promise<string> {
  return new Promise((done) => {
    const server = createServer({ cert: pem.cert, key: pem.key }, (socket: TLSSocket) => socket.end())
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const client = connect({ host: '127.0.0.1', port, servername, ca: pem.ca })
      const finish = (outcome: string) => {
        client.destroy()
        server.close(() => done(outcome))
      }
      client.once('secureConnect', () => finish(client.authorized ? 'authorized' : 'unauthorized'))
      client.once('error', (error: NodeJS.ErrnoException) => finish(String(error.code)))
    })
  })
}
