import { Agent as AgentHttp } from 'node:http'
import { Agent as AgentHttps } from 'node:https'
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { SallyportError } from '../../errors.ts'
import { type AddressGuard, createAddressGuard, PRIVATE_NETWORKS } from '../../outbound/address.ts'
import { member } from '../../outbound/json_answer.ts'
import type { S3Settings } from '../../session/sink_settings_remote.ts'
import { type Item, type Refused, type Sender, type SenderDeps, SinkError } from '../sender.ts'
import { type BatchObject, batchObject, itemsByDay } from './s3_object.ts'

const MAX_ITEMS = 100_000
const MAX_BYTES = 64 * 1024 * 1024
/** An object has room for any record. */
const MAX_ITEM_BYTES = 1024 * 1024
const CONNECT_MS = 10_000
/** The shipping tries again by itself. */
const MAX_ATTEMPTS = 1
const AT_ONCE = 2
const PRECONDITION_FAILED = 412
const AUTHENTICATION: ReadonlySet<string> = new Set([
  'AccessDenied',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
])

/** Objects by day and range of the log, each of them locked. A batch that comes again has the same name and content. */
export function createS3Sender(settings: S3Settings, deps: SenderDeps): Sender {
  return new S3Sender(settings, deps)
}

class S3Sender implements Sender {
  readonly limits = { maxItems: MAX_ITEMS, maxBytes: MAX_BYTES, maxItemBytes: MAX_ITEM_BYTES }
  readonly #settings: S3Settings
  readonly #deps: SenderDeps
  #client: S3Client | null = null

  constructor(settings: S3Settings, deps: SenderDeps) {
    this.#settings = settings
    this.#deps = deps
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<readonly Refused[]> {
    try {
      for (const day of itemsByDay(items)) await this.#write(await batchObject(day, this.#settings), signal)
      return []
    } catch (error) {
      await this.close()
      throw error instanceof SinkError ? error : troubleOf(error)
    }
  }

  async close(): Promise<void> {
    this.#client?.destroy()
    this.#client = null
  }

  /**
   * Written where nothing has that name. What has it is most likely this batch, from an earlier try: where it isn't, a
   * version is written on top of it, which takes away nothing.
   */
  async #write(object: BatchObject, signal: AbortSignal): Promise<void> {
    this.#client ??= await this.#open()
    const client = this.#client
    const { PutObjectCommand } = await import('@aws-sdk/client-s3')
    const input = this.#input(object)
    const put = async (more: Partial<PutObjectCommandInput>) => {
      const { ETag } = await client.send(new PutObjectCommand({ ...input, ...more }), { abortSignal: signal })
      // Whatever stands between may answer 200 with a page of its own.
      if (ETag === undefined) throw new SinkError('S3 answered without saying what it has')
    }
    try {
      await put({ IfNoneMatch: '*' })
    } catch (error) {
      if (statusOf(error) !== PRECONDITION_FAILED) throw error
      if (!(await this.#isThere(client, object, signal))) await put({})
    }
  }

  async #isThere(client: S3Client, { key, sha256 }: BatchObject, signal: AbortSignal): Promise<boolean> {
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3')
    const command = new HeadObjectCommand({ Bucket: this.#settings.bucket, Key: key, ChecksumMode: 'ENABLED' })
    return (await client.send(command, { abortSignal: signal })).ChecksumSHA256 === sha256
  }

  #input({ key, body, sha256, contentType }: BatchObject): PutObjectCommandInput {
    const { bucket, lock, kmsKey } = this.#settings
    return {
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: contentType,
      // A request that sets a lock must have a checksum (S3, PutObject); it is stored with the object too.
      ChecksumSHA256: sha256,
      ...(kmsKey === null ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey }),
      ...(lock === null
        ? {}
        : { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: new Date(this.#deps.now() + lock.retainMs) }),
    }
  }

  /** The SDK is large: it is loaded when a sink asks for it. */
  async #open(): Promise<S3Client> {
    const { S3Client: Client } = await import('@aws-sdk/client-s3')
    const { region, endpoint, forcePathStyle, credentials, timeoutMs } = this.#settings
    const guard = createAddressGuard(this.#settings.allowNetworks ?? PRIVATE_NETWORKS, 'allowNetworks of the sink')
    if (endpoint !== null) checkEndpoint(guard, endpoint)
    const agents = await this.#agents(guard)
    return new Client({
      region,
      forcePathStyle,
      maxAttempts: MAX_ATTEMPTS,
      requestHandler: { connectionTimeout: Math.min(CONNECT_MS, timeoutMs), requestTimeout: timeoutMs, ...agents },
      ...(endpoint === null ? {} : { endpoint }),
      ...(credentials === null ? {} : { credentials: await this.#keys(credentials) }),
    })
  }

  async #keys({ accessKeyId, secretAccessKey }: NonNullable<S3Settings['credentials']>) {
    const { secret } = this.#deps
    return { accessKeyId: await secret(accessKeyId), secretAccessKey: await secret(secretAccessKey) }
  }

  async #agents({ lookup }: AddressGuard) {
    const { ca, cert, key, serverName } = this.#settings.tls
    const pooled = { keepAlive: true, maxSockets: AT_ONCE, lookup }
    const own = cert === null || key === null ? {} : { cert, key: await this.#deps.secret(key) }
    const known = { ...(ca === null ? {} : { ca }), ...(serverName === null ? {} : { servername: serverName }) }
    return { httpAgent: new AgentHttp(pooled), httpsAgent: new AgentHttps({ ...pooled, ...own, ...known }) }
  }
}

function checkEndpoint(guard: AddressGuard, endpoint: string): void {
  try {
    guard.check(endpoint)
  } catch (error) {
    throw new SinkError(error instanceof SallyportError ? error.detail : 'the address can not be used')
  }
}

/** The message of the SDK may quote what was sent or received; its name does not. */
function troubleOf(error: unknown): SinkError {
  const name = error instanceof Error ? error.name : ''
  if (name === 'AbortError' || name === 'TimeoutError') return new SinkError('S3 did not answer in time')
  const code = member(error, 'code')
  if (name === 'InvalidRequest') {
    return new SinkError(
      'S3 did not take the object (InvalidRequest): the bucket may have no Object Lock, or be missing',
    )
  }
  const told = /^\w{1,64}$/.test(name) && name !== 'Error' ? name : codeText(code)
  return new SinkError(`S3 did not take the object (${told})`, { authentication: AUTHENTICATION.has(name) })
}

function codeText(code: unknown): string {
  return typeof code === 'string' && /^[A-Z_0-9]{1,64}$/.test(code) ? code : 'no answer that can be read'
}

function statusOf(error: unknown): number {
  const status = member(member(error, '$metadata'), 'httpStatusCode')
  return typeof status === 'number' ? status : 0
}
