import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createAwsProvider } from '../../src/secrets/aws_provider.ts'
import { crc32c } from '../../src/secrets/crc32c.ts'
import { createGcpProvider } from '../../src/secrets/gcp_provider.ts'
import { type Asked, FAULTS, type Reply, serveContract } from '../outbound/contract_server.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('AWS Secrets Manager', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'aws-s3cr3t')
  })

  type Stages = Readonly<Record<string, { readonly id: string; readonly text?: string; readonly binary?: string }>>

  async function aws(stages: Stages, fault: Reply | null = null) {
    const server = await serveContract((asked) => fault ?? answer(stages, asked))
    const settings = { kind: 'aws', region: 'eu-west-1', endpoint: server.url, timeoutMs: 500 } as const
    return { ...server, provider: createAwsProvider(settings) }
  }

  /** AWS JSON 1.1: the operation is in a header, errors are told by `__type`. */
  function answer(stages: Stages, { headers, body }: Asked): Reply {
    const signed = /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/secretsmanager\/aws4_request/
    if (headers['x-amz-target'] !== 'secretsmanager.GetSecretValue' || !signed.test(headers.authorization ?? '')) {
      return { status: 400, json: { __type: 'AccessDeniedException', Message: 'denied for aws-s3cr3t' } }
    }
    const { SecretId: id, VersionStage: stage } = JSON.parse(body) as Record<string, string>
    const found = stages[stage ?? '']
    if (id !== 'prod/orders' || found === undefined) {
      return { status: 400, json: { __type: 'ResourceNotFoundException', Message: 'not found' } }
    }
    const { text: SecretString, binary: SecretBinary } = found
    return { status: 200, json: { Name: id, VersionId: found.id, VersionStages: [stage], SecretString, SecretBinary } }
  }

  const login = (password: string) => JSON.stringify({ username: 'admin', password })

  it('reads the current stage, and the others when asked', async () => {
    const { provider, asked } = await aws({
      AWSCURRENT: { id: 'v2', text: login('two') },
      AWSPENDING: { id: 'v3', text: login('three') },
      AWSPREVIOUS: { id: 'v1', text: login('one') },
    })
    expect(await provider.read('prod/orders', null)).toMatchObject({ user: 'admin', value: 'two', version: 'v2' })
    expect(asked).toHaveLength(1)
    expect((await provider.others('prod/orders', 'password')).map(({ value }) => value)).toEqual(['three', 'one'])
    await provider.close()
  })

  it('takes a plain text, a binary one, and a field of JSON', async () => {
    const { provider } = await aws({ AWSCURRENT: { id: 'v1', text: 'plain' } })
    expect(await provider.read('prod/orders', null)).toMatchObject({ user: null, value: 'plain' })
    await expect(provider.read('prod/orders', 'password')).rejects.toThrow('no object with fields')
    expect(await provider.others('prod/orders', null)).toEqual([])
    const binary = await aws({ AWSCURRENT: { id: 'v1', binary: Buffer.from('bytes').toString('base64') } })
    expect(await binary.provider.read('prod/orders', null)).toMatchObject({ value: 'bytes' })
  })

  it('says what kind of error it was, and no more', async () => {
    const { provider } = await aws({})
    await expect(provider.read('prod/orders', null)).rejects.toThrow('has no such secret')
    const json = { __type: 'AccessDeniedException', Message: 'denied for aws-s3cr3t' }
    const denied = await aws({}, { status: 400, json })
    const error = await denied.provider.read('prod/orders', null).catch((thrown: unknown) => thrown)
    expect(String(error)).toBe('SallyportError: SP-CONFIG: AWS Secrets Manager: AccessDeniedException')
    expect(error).not.toHaveProperty('cause')
  })

  it.each(FAULTS.filter((fault) => fault !== 'huge'))('%s', async (fault) => {
    const { provider } = await aws({}, { fault })
    const read = provider.read('prod/orders', null)
    await expect(read).rejects.toThrow(/^SP-CONFIG: AWS Secrets Manager/)
    await expect(read).rejects.not.toThrow('s3cr3t')
  })
})

describe('GCP Secret Manager', () => {
  const SECRET = '/v1/projects/p1/secrets/orders/versions'

  async function gcp(versions: readonly (string | null)[], fault: Reply | null = null) {
    const metadata = await serveContract(({ headers, path }) => {
      const right = headers['metadata-flavor'] === 'Google' && path.includes('/service-accounts/default/token')
      const json = right ? { access_token: 'gcp-token', expires_in: 3600, token_type: 'Bearer' } : {}
      return { status: 200, json, headers: { 'metadata-flavor': 'Google' } }
    })
    vi.stubEnv('GCE_METADATA_HOST', metadata.url.replace('http://', ''))
    vi.stubEnv('METADATA_SERVER_DETECTION', 'assume-present')
    vi.stubEnv('HOME', '/nonexistent')
    const server = await serveContract((asked) => fault ?? answer(versions, asked))
    const settings = { kind: 'gcp', project: 'p1', endpoint: server.url, ca: null, credentials: null } as const
    return { ...server, provider: createGcpProvider({ ...settings, timeoutMs: 1000 }, async () => null) }
  }

  function answer(versions: readonly (string | null)[], { headers, path }: Asked): Reply {
    if (headers.authorization !== 'Bearer gcp-token') return { status: 401, json: { error: { code: 401 } } }
    const asked = new RegExp(`^${SECRET}/(latest|\\d+):access$`).exec(path)?.[1]
    const number = asked === 'latest' ? versions.length : Number(asked)
    const text = versions[number - 1]
    if (text === undefined) return { status: 404, json: { error: { code: 404, status: 'NOT_FOUND' } } }
    // A disabled version is a failed precondition.
    if (text === null) return { status: 400, json: { error: { code: 400, status: 'FAILED_PRECONDITION' } } }
    const data = Buffer.from(text)
    const payload = { data: data.toString('base64'), dataCrc32c: String(crc32c(data)) }
    return { status: 200, json: { name: `projects/123/secrets/orders/versions/${number}`, payload } }
  }

  it('reads the latest version with the token of the machine, and the one before when asked', async () => {
    const { provider } = await gcp(['one', '{"username":"admin","password":"two"}'])
    expect(await provider.read('orders', null)).toMatchObject({ user: 'admin', value: 'two', version: '2' })
    expect(await provider.others('orders', null)).toMatchObject([{ value: 'one', version: '1' }])
    expect(await provider.read('projects/p1/secrets/orders/versions/1', null)).toMatchObject({ value: 'one' })
    expect(await provider.others('projects/p1/secrets/orders/versions/1', null)).toEqual([])
    await expect(provider.read('other', null)).rejects.toThrow('status 404')
  })

  it('takes a disabled version for none', async () => {
    const { provider } = await gcp([null, 'two'])
    expect(await provider.others('orders', null)).toEqual([])
  })

  it('refuses a payload with another checksum', async () => {
    const payload = { data: Buffer.from('x').toString('base64'), dataCrc32c: '1' }
    const { provider } = await gcp([], { status: 200, json: { name: 'a/versions/1', payload } })
    await expect(provider.read('orders', null)).rejects.toThrow('wrong checksum')
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  })

  it.each([
    'a/b',
    'projects/p1/secrets/../x',
    'projects/p1/secrets/orders/versions/-1',
    'projects/p1/secrets/orders:x/y',
  ])('asks nothing for %s', async (path) => {
    const { provider, asked } = await gcp(['one'])
    await expect(provider.read(path, null)).rejects.toThrow('SP-CONFIG')
    expect(asked).toHaveLength(0)
  })

  it('refuses credentials that are no key of a service account', async () => {
    const settings = { kind: 'gcp', project: 'p1', endpoint: 'https://x.example.test', ca: null } as const
    const given = '{"type":"external_account","credential_source":{"executable":{"command":"/bin/s3cr3t"}}}'
    const provider = createGcpProvider({ ...settings, credentials: 'env:A', timeoutMs: 500 }, async () => given)
    const read = provider.read('orders', null)
    await expect(read).rejects.toThrow('no key of a service account')
    await expect(read).rejects.not.toThrow('s3cr3t')
  })

  it.each(FAULTS)('%s', async (fault) => {
    const { provider } = await gcp([], { fault })
    const read = provider.read('orders', null)
    await expect(read).rejects.toThrow(/^SP-CONFIG: GCP Secret Manager/)
    await expect(read).rejects.not.toThrow('s3cr3t')
  })
})
