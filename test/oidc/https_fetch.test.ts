import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { makeCertificates } from '../../certs/make.ts'
import { fetchJson, fetchWithAuthorities } from '../../src/oidc/https_fetch.ts'

it('trusts the given authority alone, follows no redirect, and takes only so much', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-oidc-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const files = makeCertificates(dir)
  const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, (request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/' }).end()
    else if (request.url === '/large') response.end(JSON.stringify('x'.repeat(2_000_000)))
    else response.end('{"a":1}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const trusting = fetchWithAuthorities(readFileSync(files.ca, 'utf8'))
  expect(await fetchJson(trusting, `${url}/`)).toEqual({ a: 1 })
  await expect(fetchJson(trusting, `${url}/moved`)).rejects.toThrow('answered with status 302')
  await expect(fetchJson(trusting, `${url}/large`)).rejects.toThrow('can not be reached')
  await expect(fetchJson(fetch, `${url}/`)).rejects.toThrow('SP-AUTH: the identity provider can not be reached')
})
