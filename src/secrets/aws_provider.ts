import type { GetSecretValueCommandOutput, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { SecretVersion } from '../session/ports.ts'
import type { AwsSettings } from '../session/secret_settings.ts'
import { type ProvidedSecret, pickText, type SecretProvider, secretError } from './provider.ts'

/** During a rotation the database may have the pending password already, or still the previous one. */
const OTHER_STAGES = ['AWSPENDING', 'AWSPREVIOUS'] as const
const MAX_ATTEMPTS = 2

/** AWS Secrets Manager, GetSecretValue by stage. The credentials are those of the SDK's own chain. */
export function createAwsProvider(settings: AwsSettings): SecretProvider {
  let client: Promise<SecretsManagerClient> | null = null
  const opened = () => {
    client ??= open(settings)
    return client
  }
  return {
    async read(path, field) {
      const found = await readStage(await opened(), settings, path, field, 'AWSCURRENT')
      if (found === null) throw secretError('AWS Secrets Manager has no such secret')
      return found
    },
    async others(path, field) {
      const found = await Promise.all(
        OTHER_STAGES.map(async (stage) => readStage(await opened(), settings, path, field, stage)),
      )
      return found.filter((secret) => secret !== null)
    },
    async close() {
      if (client !== null) (await client).destroy()
    },
  }
}

/** The SDK is large: it is loaded when a reference asks for it. */
async function open({ region, endpoint, timeoutMs }: AwsSettings): Promise<SecretsManagerClient> {
  const { SecretsManagerClient: Client } = await import('@aws-sdk/client-secrets-manager')
  return new Client({
    region,
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: timeoutMs, requestTimeout: timeoutMs },
    ...(endpoint !== null && { endpoint }),
  })
}

/** Null where there is no version in that stage. */
async function readStage(
  client: SecretsManagerClient,
  { timeoutMs }: AwsSettings,
  path: string,
  field: string | null,
  stage: string,
): Promise<ProvidedSecret | null> {
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  const command = new GetSecretValueCommand({ SecretId: path, VersionStage: stage })
  try {
    const abortSignal = AbortSignal.timeout(timeoutMs * MAX_ATTEMPTS)
    return { ...versionOf(await client.send(command, { abortSignal }), field), ...FOR_GOOD }
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    if (name === 'ResourceNotFoundException') return null
    if (name === 'SallyportError') throw error
    // The message of the SDK may quote what was sent or received; its name does not.
    throw secretError(`AWS Secrets Manager: ${/^\w{1,64}$/.test(name) ? name : 'an unknown error'}`)
  }
}

const FOR_GOOD = { expiresAt: null, previous: null, lease: null } as const

function versionOf(answer: GetSecretValueCommandOutput, field: string | null): SecretVersion {
  const { SecretString: text, SecretBinary: bytes, VersionId: version } = answer
  const secret = text ?? (bytes === undefined ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  if (secret === undefined || version === undefined) throw secretError('AWS Secrets Manager answered without a secret')
  return { ...pickText(secret, field), version }
}
