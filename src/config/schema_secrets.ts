import * as z from 'zod'
import { duration, httpsUrl, localSecretRef, name, path } from './schema_values.ts'

const timeout = duration.prefault('5s').describe('From asking to the whole answer.')
const ca = path.optional().describe('PEM file with the authorities of the server, instead of the built-in ones.')
const mount = z
  .string()
  .regex(
    /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/,
    'must be a path of letters, digits, _, . and -, without outer slashes',
  )

const vaultAuth = z
  .discriminatedUnion('method', [
    z.strictObject({
      method: z.literal('token'),
      token: localSecretRef.describe('A token of Vault; it is renewed as long as it may be.'),
    }),
    z.strictObject({
      method: z.literal('approle'),
      mount: mount.default('approle').describe('Where the method is mounted.'),
      roleId: localSecretRef.describe('The role id.'),
      secretId: localSecretRef.describe('The secret id.'),
    }),
    z.strictObject({
      method: z.literal('kubernetes'),
      mount: mount.default('kubernetes').describe('Where the method is mounted.'),
      role: z.string().min(1).describe('The role in Vault.'),
      tokenPath: path
        .default('/var/run/secrets/kubernetes.io/serviceaccount/token')
        .describe('The file with the token of the service account.'),
    }),
  ])
  .describe('How Sallyport logs in to Vault.')

const provider = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('vault').describe('HashiCorp Vault or OpenBao.'),
    address: httpsUrl.describe('Without /v1.'),
    namespace: z.string().min(1).optional().describe('The namespace of Vault Enterprise or OpenBao.'),
    auth: vaultAuth,
    kvMounts: z
      .array(mount)
      .default([])
      .describe(
        'Mounts of KV version 2 whose path has several parts; else the first part of a reference is the mount.',
      ),
    databaseMounts: z.array(mount).default(['database']).describe('Mounts of the database engine.'),
    ca,
    timeout,
  }),
  z.strictObject({
    kind: z.literal('aws').describe("AWS Secrets Manager; its credentials are those of the SDK's own chain."),
    region: z
      .string()
      .regex(/^[a-z0-9-]+$/)
      .describe('The region of the secrets.'),
    endpoint: httpsUrl.optional().describe('Instead of the one of the region.'),
    timeout,
  }),
  z.strictObject({
    kind: z.literal('gcp').describe('GCP Secret Manager.'),
    project: z.string().min(1).optional().describe('The project of secrets that are named alone.'),
    endpoint: httpsUrl.default('https://secretmanager.googleapis.com').describe('The address of the API.'),
    credentials: localSecretRef
      .optional()
      .describe('JSON key of a service account; default: the application default credentials.'),
    ca,
    timeout,
  }),
  z.strictObject({
    kind: z.literal('exec').describe('A program that prints the secret; see docs/secrets.md for its contract.'),
    command: z
      .array(z.string().min(1))
      .min(1)
      .refine(([program]) => program?.startsWith('/') === true, 'must begin with the absolute path of a program')
      .describe('The program and its first arguments; the path of the reference follows as the last one.'),
    environment: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
      .default([])
      .describe('Variables that are passed on to the program; it gets no others.'),
    timeout,
  }),
  z.strictObject({
    kind: z.literal('https').describe('A server that answers with the secret; see docs/secrets.md for its contract.'),
    url: httpsUrl.describe('The path of the reference follows after a slash.'),
    bearer: localSecretRef.describe('Sent as the bearer token.'),
    ca,
    timeout,
  }),
])

export const secretsSection = z
  .strictObject({
    cache: duration.prefault('1m').describe('A secret that was read less long ago is not read again.'),
    refresh: duration
      .prefault('5m')
      .refine((ms) => ms >= 1000, 'must be at least 1s')
      .describe('Logins of databases are read again so often, and in time before they expire.'),
    overlap: duration
      .prefault('1h')
      .describe('For so long after a rotation the old value is tried where the new one is refused.'),
    providers: z
      .record(name, provider)
      .default({})
      .describe('By name: `vault:PATH` asks the one called vault, `vault@NAME:PATH` the one called NAME.'),
  })
  .describe('Where secrets come from, beside env: and file:. Stands once.')
