import { createHash } from 'node:crypto'
import { type Heard, listen, type Told } from './listening.ts'

export interface S3Version {
  readonly body: Buffer
  readonly sha256: string
  readonly lock: string | null
  readonly until: string | null
  readonly kmsKey: string | null
}

export interface BucketOptions {
  readonly bucket: string
  readonly accessKeyId: string
  readonly objectLock: boolean
  readonly tls?: boolean
}

/** A bucket with versions that behaves as S3 does: PutObject with a lock and a condition, HeadObject. */
export async function listenAsS3(options: BucketOptions) {
  const objects = new Map<string, S3Version[]>()
  const service = (heard: Heard): Told => {
    const { authorization = '' } = heard.headers
    const id = /^AWS4-HMAC-SHA256 Credential=([^/]+)\//.exec(authorization)?.[1]
    if (id !== options.accessKeyId) return failure(403, 'InvalidAccessKeyId')
    const prefix = `/${options.bucket}/`
    if (!heard.url.pathname.startsWith(prefix)) return failure(404, 'NoSuchBucket')
    const key = decodeURIComponent(heard.url.pathname.slice(prefix.length))
    if (heard.method === 'HEAD') return head(key)
    return heard.method === 'PUT' ? put(key, heard) : failure(405, 'MethodNotAllowed')
  }
  const head = (key: string): Told => {
    const newest = objects.get(key)?.at(-1)
    if (newest === undefined) return { status: 404 }
    return { status: 200, headers: { 'x-amz-checksum-sha256': newest.sha256 } }
  }
  const put = (key: string, { headers, body }: Heard): Told => {
    const sha256 = createHash('sha256').update(body).digest('base64')
    const told = headers['x-amz-checksum-sha256']
    const lock = headers['x-amz-object-lock-mode'] ?? null
    if (lock !== null && !options.objectLock) return failure(400, 'InvalidRequest')
    if (lock !== null && told === undefined) return failure(400, 'InvalidRequest')
    if (told !== undefined && told !== sha256) return failure(400, 'BadDigest')
    const versions = objects.get(key) ?? []
    if (headers['if-none-match'] === '*' && versions.length > 0) return failure(412, 'PreconditionFailed')
    const until = headers['x-amz-object-lock-retain-until-date'] ?? null
    const kmsKey = headers['x-amz-server-side-encryption-aws-kms-key-id'] ?? null
    objects.set(key, [...versions, { body, sha256, lock, until, kmsKey }])
    return { status: 200, headers: { etag: '"e"', 'x-amz-version-id': String(versions.length) } }
  }
  return { server: await listen(service, { tls: options.tls ?? false }), objects }
}

export function failure(status: number, code: string): Told {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>s3cr3t</Message></Error>`
  return { status, headers: { 'content-type': 'application/xml' }, body }
}
