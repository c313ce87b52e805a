import { expect, it } from 'vitest'
import type { PolicyVersion } from '../../src/access/records.ts'
import { accessPolicyOf } from '../../src/config/build_access.ts'
import { checkConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { SEAL_TO } from '../servers/seal_key.ts'
import { configDir, NODE_YAML, TARGETS_YAML } from './config_dir.ts'

const secrets = (reference: string) => Promise.resolve(reference === 'env:KEY' ? 'A'.repeat(44) : 'x')

async function loaded(approvals: string, made: readonly PolicyVersion[] = []) {
  const dir = configDir({ 'approvals.yaml': `version: 1\n${approvals}` })
  const real = (reference: string) =>
    reference.startsWith('file:')
      ? import('node:fs/promises').then(({ readFile }) => readFile(`${dir}/${reference.slice(5)}`, 'utf8'))
      : secrets(reference)
  const { config, problems } = await checkConfig(dir, real, made)
  return { config, problems: problems.map(formatProblem) }
}

const RULES = `approvals:
  - { name: own-team, roles: ['read*'], when: '"dba" in groups && time.hour < 18', zone: Europe/Zurich, auto: true }
  - { name: two, kinds: [migration], dual: { groups: [dba, security], freshLogin: 15m } }
  - name: staged
    stages:
      - { name: peer, groups: [dba], nudgeAfter: 1h }
      - { name: security, groups: [security], quorum: 2 }
projects:
  - { name: shop, targets: ['orders*'], leads: { groups: [shop-leads] } }
access: { roles: { approver: [dba] }, breakGlass: { reviewGroups: [security] } }
`

it('expands presets to stages, in the order of the list', async () => {
  const { config, problems } = await loaded(RULES)
  expect(problems).toEqual([])
  const policy = accessPolicyOf(config as NonNullable<typeof config>)
  expect(
    policy.rules.map(({ name, stages }) => [name, stages.map((stage) => [stage.quorum, stage.distinctGroups])]),
  ).toEqual([
    ['own-team', []],
    ['two', [[2, true]]],
    [
      'staged',
      [
        [1, false],
        [2, false],
      ],
    ],
  ])
  expect(policy.rules[1]?.stages[0]?.freshLoginMs).toBe(900_000)
  expect(policy.apiRoles.get('requester')).toEqual(['*'])
  expect(policy.settings.breakGlassMs).toBe(1_800_000)
})

it.each([
  ['- { name: a, when: "nobody == 1", auto: true }', 'approvals/0/when: Unknown variable: nobody'],
  ['- { name: a, when: "duration", auto: true }', 'approvals/0/when: must be true or false'],
  ['- { name: a, when: "groups ==", auto: true }', 'approvals/0/when: '],
  ['- { name: a, when: "target.nothing == 1", auto: true }', 'approvals/0/when: No such key: nothing'],
  ['- { name: a, zone: Mars/Base, auto: true }', 'approvals/0/zone: must be a time zone'],
  ['- { name: a }', 'approvals/0: needs exactly one of auto, single, dual and stages'],
  ['- { name: a, auto: true, single: { groups: [x] } }', 'approvals/0: needs exactly one of'],
  ['- { name: a, auto: true, roles: [nobody] }', 'approvals/0/roles/0: unknown role nobody'],
  ['- { name: a, auto: true, targets: [nowhere] }', 'approvals/0/targets/0: unknown target nowhere'],
  ['- { name: a, dual: { groups: [x], distinctGroups: true } }', 'approvals/0/dual/distinctGroups: needs two groups'],
])('names what is wrong with %s', async (rule, problem) => {
  const { problems } = await loaded(`approvals:\n  ${rule}\n`)
  expect(problems).toEqual([expect.stringMatching(/^approvals\.yaml:3: /)])
  expect(problems[0]).toContain(problem)
})

function made(kind: PolicyVersion['kind'], name: string, body: unknown): PolicyVersion {
  const author = { issuer: 'https://idp.example.test', subject: 'bob', email: 'bob@example.test', name: null }
  const rest = { number: 1, source: 'api', digest: '', state: 'in_force', author, approver: null, reason: 'r' } as const
  return { id: `${kind}/${name}@1`, version: 1, kind, name, body, at: 0, supersededAt: null, ...rest }
}

it('takes what was made over the API after the files, under the name that it was made under', async () => {
  const rule = made('approval', 'late', { name: 'own-team', auto: true })
  const role = made('role', 'writer', { scope: [{ schemas: ['app'], tables: ['*'], verbs: ['update'] }] })
  const { config, problems } = await loaded(RULES, [rule, role, { ...rule, name: 'proposed', state: 'proposed' }])
  expect(problems).toEqual([])
  expect(config?.access.rules.map(({ name }) => name)).toEqual(['own-team', 'two', 'staged', 'late'])
  expect([...(config?.roles.keys() ?? [])]).toEqual(['reader', 'writer'])
})

it('refuses what was made over the API as it would refuse a file', async () => {
  const { problems } = await loaded(RULES, [made('role', 'reader', { unrestricted: true })])
  expect(problems).toEqual(['(made over the API):1: roles/0/name: reader stands twice'])
})

it('refuses a role that demands recordings where nothing can be sealed', async () => {
  const role =
    'roles:\n  - { name: surgeon, recording: true, scope: [{ schemas: [shop], tables: ["*"], verbs: [read] }] }\n'
  const { problems } = await loaded(role)
  expect(problems.join('\n')).toMatch(/approvals\.yaml:\d+: roles\/0\/recording: recordings need node\.audit\.sealTo/)
  const node = `${NODE_YAML}  audit: { sealTo: '${SEAL_TO}' }\n`
  const sealed = configDir({ 'approvals.yaml': `version: 1\n${role}`, 'sallyport.yaml': node })
  expect((await checkConfig(sealed, secrets)).problems.filter(({ path }) => path.includes('recording'))).toEqual([])
})

it('refuses to seal statements to nobody, and to a key that anybody could open', async () => {
  const problemsOf = async (audit: string) => {
    const dir = configDir({
      'sallyport.yaml': `${NODE_YAML}  audit: ${audit}\n`,
      'targets.yaml': `${TARGETS_YAML}    capture: sealed\n`,
    })
    return (await checkConfig(dir, secrets)).problems.map(formatProblem).join('\n')
  }
  expect(await problemsOf('{}')).toMatch(/targets\.yaml:8: targets\/0\/capture: sealed statements need node\.audit\./)
  for (const key of [Buffer.alloc(32), Buffer.from('01'.padEnd(64, '0'), 'hex'), Buffer.alloc(31, 9)]) {
    const found = await problemsOf(`{ sealTo: "${key.toString('base64')}" }`)
    expect(found).toMatch(/sallyport\.yaml:5: node\/audit\/sealTo: must be a public key/)
  }
  expect(await problemsOf(`{ sealTo: "${Buffer.alloc(32, 9).toString('base64')}" }`)).not.toContain('seal')
})
