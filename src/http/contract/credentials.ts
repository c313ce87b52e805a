import * as z from 'zod'
import { operation } from './operation.ts'
import { idText, nameText, shownNarrowing } from './shown.ts'
import { durationMs, fields, id, idParams, maybeTime, name, page, pageQuery, person, shown, time } from './values.ts'

const MAX_PEM_CHARACTERS = 16_384

const password = shown({
  id: idText,
  identity: person,
  target: nameText,
  grantId: z.string(),
  createdAt: time,
  expiresAt: time,
  revokedAt: maybeTime,
}).meta({ id: 'ConnectionPassword', description: 'The password itself is shown once, when it is made.' })

const certificate = shown({
  id: idText.describe('The serial number, hexadecimal.'),
  identity: person,
  fingerprint: z.string().describe('SHA-256 of the DER, hexadecimal.'),
  issuedAt: time,
  expiresAt: time,
  revokedAt: maybeTime,
}).meta({ id: 'ClientCertificate' })

const refusal = shown({
  id: idText,
  person,
  target: nameText,
  database: z.string(),
  role: z.string().nullable(),
  code: z.string(),
  reason: z.string(),
  needs: shownNarrowing.describe('The least scope that the statement needs; empty for a login.'),
  clear: z.array(z.string()),
  at: time,
  expiresAt: time,
}).meta({ id: 'Refusal' })

const allQuery = z.strictObject({
  ...pageQuery,
  all: z.stringbool().default(false).describe('Those of everybody, for who may see them.'),
})

const passwords = { tag: 'connection-passwords' } as const
const certificates = { tag: 'certificates' } as const

export const credentialOperations = {
  issuePassword: operation({
    ...passwords,
    method: 'POST',
    path: '/v1/connection-passwords',
    summary: 'Make a short-lived password for one target and grant.',
    rate: 'write',
    status: 201,
    body: fields({
      target: name,
      role: name.nullable().default(null),
      grantId: id.nullable().default(null),
      durationMs: durationMs.nullable().default(null).describe('Milliseconds. Null: the longest.'),
    }).meta({ id: 'NewConnectionPassword' }),
    answer: shown({ record: password, password: z.string(), user: z.string() }).meta({ id: 'IssuedPassword' }),
    once: true,
  }),
  listPasswords: operation({
    ...passwords,
    method: 'GET',
    path: '/v1/connection-passwords',
    summary: 'List connection passwords, without the passwords.',
    rate: 'read',
    status: 200,
    query: allQuery,
    answer: page(password).meta({ id: 'ConnectionPasswordPage' }),
  }),
  revokePassword: operation({
    ...passwords,
    method: 'POST',
    path: '/v1/connection-passwords/{id}/revoke',
    summary: 'Make a connection password void.',
    rate: 'write',
    status: 200,
    params: idParams,
    answer: password,
  }),
  issueCertificate: operation({
    ...certificates,
    method: 'POST',
    path: '/v1/certificates',
    summary: 'Issue a short-lived client certificate.',
    rate: 'write',
    status: 201,
    body: fields({
      publicKey: z
        .string()
        .max(MAX_PEM_CHARACTERS)
        .nullable()
        .default(null)
        .describe('PEM of a certification request or a public key. Null: the key is made here and given once.'),
      durationMs: durationMs.nullable().default(null),
    }).meta({ id: 'NewCertificate' }),
    answer: shown({
      record: certificate,
      certificate: z.string().describe('PEM.'),
      chain: z.string().describe('PEM.'),
      privateKey: z.string().nullable(),
    }).meta({ id: 'IssuedCertificate' }),
    once: true,
  }),
  listCertificates: operation({
    ...certificates,
    method: 'GET',
    path: '/v1/certificates',
    summary: 'List client certificates.',
    rate: 'read',
    status: 200,
    query: allQuery,
    answer: page(certificate).meta({ id: 'CertificatePage' }),
  }),
  revokeCertificate: operation({
    ...certificates,
    method: 'POST',
    path: '/v1/certificates/{id}/revoke',
    summary: 'Make a client certificate void.',
    rate: 'write',
    status: 200,
    params: idParams,
    answer: certificate,
  }),
  getAuthority: operation({
    ...certificates,
    method: 'GET',
    path: '/v1/certificates/authority',
    summary: 'The certificates of the authority that issues them.',
    access: 'public',
    rate: 'read',
    status: 200,
    answer: shown({ chain: z.string().describe('PEM.') }),
  }),
  getRefusal: operation({
    tag: 'refusals',
    method: 'GET',
    path: '/v1/refusals/{id}',
    summary: 'What a refusal of the caller lacked, and what asking for it would mean.',
    rate: 'read',
    status: 200,
    params: idParams,
    answer: shown({
      refusal,
      role: nameText,
      narrowing: shownNarrowing.nullable(),
      parameters: z.record(z.string(), z.enum(['string', 'integer', 'boolean', 'uuid'])),
    }).meta({ id: 'RefusalProposal' }),
  }),
} as const
