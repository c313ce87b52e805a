import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createSecureContext } from 'node:tls'
import { makeCertificates } from '../../certs/make.ts'
import { asSallyportError, SallyportError } from '../../src/errors.ts'
import type { Identity } from '../../src/identity/identity.ts'
import type { Arrival, ListenerSettings, ProxyContext } from '../../src/proxy/context.ts'
import { identify, type Proof } from '../../src/proxy/login_auth.ts'
import { greetMysql, refuseMysql } from '../../src/proxy/mysql_front.ts'
import { greetPostgres } from '../../src/proxy/postgres_front.ts'
import { asksCertificates, routeFor } from '../../src/proxy/way_in.ts'
import { welcomePayload } from '../../src/session/mysql/words.ts'
import type { CertificateAuthority, LiveCertificate, LivePassword } from '../../src/session/ports.ts'
import { errorMessage } from '../../src/session/postgres/words.ts'
import { encodePackets } from '../../src/wire/mysql/packets.ts'
import { encodeAuthentication } from '../../src/wire/postgres/authentication.ts'
import { encodeParameterStatus, encodeReadyForQuery } from '../../src/wire/postgres/session-facts.ts'
import { grantOf } from '../session/fixture.ts'

/** The greeting of each protocol with a real client before it and nothing behind it: who gets in is told, and that is all. */

export interface Front {
  readonly port: number
  /** What each client got in as, or the detail of why not; newest last. */
  readonly seen: (Identity | string)[]
  readonly proofs: Proof['kind'][]
  stop(): Promise<void>
}

export interface FrontOptions {
  readonly engine: 'postgres' | 'mysql'
  readonly listener: Partial<ListenerSettings>
  readonly passwords?: () => readonly LivePassword[]
  readonly certificates?: () => readonly LiveCertificate[]
  readonly authority?: CertificateAuthority
  readonly issuer?: string
  readonly verify?: (token: string) => Promise<Identity>
}

export async function startFront(folder: string, options: FrontOptions): Promise<Front & { readonly ca: string }> {
  const tls = makeCertificates(folder)
  const [cert, key] = [readFileSync(tls.cert, 'utf8'), readFileSync(tls.key, 'utf8')]
  const listener: ListenerSettings = {
    engine: options.engine,
    host: '127.0.0.1',
    port: 0,
    target: null,
    sniSuffix: null,
    auth: 'token',
    serverNames: [],
    proxyProtocolFrom: [],
    tls: { cert, key },
    ...options.listener,
  }
  const seen: Front['seen'] = []
  const proofs: Front['proofs'] = []
  const context = contextOf(options, listener)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    const arrival = { listener, address: '127.0.0.1', port: socket.remotePort ?? 0 }
    socket.on('error', () => undefined)
    const serve = options.engine === 'postgres' ? servePostgres : serveMysql
    serve(context, arrival, socket, seen, proofs).catch((error: unknown) => seen.push(asSallyportError(error).message))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    ca: tls.ca,
    seen,
    proofs,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((done) => server.close(() => done()))
    },
  }
}

function contextOf(options: FrontOptions, listener: ListenerSettings): ProxyContext {
  const { passwords, certificates, authority = null, issuer = 'https://idp.example.test', verify } = options
  const ca = asksCertificates(listener) && authority ? { ca: authority.chain } : {}
  const secureContext = createSecureContext({ ...listener.tls, ...ca })
  let number = 0
  const context = {
    settings: () => ({ targets: new Map(), limits: {}, signIn: { issuer, scopes: ['openid', 'email'] } }),
    secureContextOf: () => secureContext,
    tokens: { verify: verify ?? (() => Promise.reject(new SallyportError('SP-AUTH', 'no token is good here'))) },
    credentials: {
      passwordsFor: (target: string) => (passwords?.() ?? []).filter((one) => one.target === target),
      certificate: (serial: string) => (certificates?.() ?? []).find(({ id }) => id === serial) ?? null,
    },
    authority,
    grants: {
      snapshot: () => ({ version: 1, grants: [grantOf({ id: 'g1' }), grantOf({ id: 'g2', role: 'writer' })] }),
    },
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    sessions: { newNumber: () => ++number },
    catalogs: { latest: () => undefined },
  }
  return context as unknown as ProxyContext
}

type Serve = (
  context: ProxyContext,
  arrival: Arrival,
  socket: Socket,
  seen: Front['seen'],
  proofs: Front['proofs'],
) => Promise<void>

const servePostgres: Serve = async (context, arrival, socket, seen, proofs) => {
  const knock = await greetPostgres(context, arrival, socket)
  if (knock.kind === 'discovery') {
    seen.push('discovery')
    knock.socket.end(errorMessage(new SallyportError('SP-AUTH', 'a token is needed'), 'FATAL'))
    return
  }
  if (knock.kind !== 'login') return
  const { tls, startup, proof } = knock
  proofs.push(proof.kind)
  const { identity } = await identify(context, proof, routeFor(arrival.listener, tls.serverName, startup.user))
  seen.push(identity instanceof SallyportError ? identity.detail : identity)
  if (identity instanceof SallyportError) {
    tls.socket.end(errorMessage(new SallyportError('SP-AUTH', 'the login was refused'), 'FATAL'))
    return
  }
  const version = encodeParameterStatus({ kind: 'parameterStatus', name: 'server_version', value: '18.0' })
  const ready = encodeReadyForQuery({ kind: 'readyForQuery', status: 'I' })
  tls.socket.write(Buffer.concat([encodeAuthentication({ kind: 'authenticationOk' }), version, ready]))
  tls.socket.on('data', (bytes: Uint8Array) => {
    // EmptyQueryResponse to whatever is asked, and nothing to Terminate.
    if (bytes[0] === 0x51) tls.socket.write(Buffer.concat([Uint8Array.of(0x49, 0, 0, 0, 4), ready]))
    else tls.socket.end()
  })
  tls.socket.resume()
}

const serveMysql: Serve = async (context, arrival, socket, seen, proofs) => {
  const knock = await greetMysql(context, arrival, socket)
  const { tls, login, proof, sequence, capabilities } = knock
  proofs.push(proof.kind)
  const { identity } = await identify(context, proof, routeFor(arrival.listener, tls.serverName, login.user))
  seen.push(identity instanceof SallyportError ? identity.detail : identity)
  if (identity instanceof SallyportError) {
    refuseMysql(tls.socket, new SallyportError('SP-AUTH', 'the login was refused'), sequence)
    return
  }
  tls.socket.write(encodePackets(welcomePayload(2, capabilities, null), sequence))
  tls.socket.on('data', (bytes: Uint8Array) => {
    // OK to whatever is asked, but COM_QUIT.
    if (bytes[4] === 1) tls.socket.end()
    else tls.socket.write(encodePackets(welcomePayload(2, capabilities, null), 1))
  })
  tls.socket.resume()
}
