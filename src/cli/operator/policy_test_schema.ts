import * as z from 'zod'

/** A file of expectations: what people may do, and how they see it. */

const text = z.string().min(1)

const table = z.strictObject({
  name: text.describe('With its schema: `shop.users`.'),
  columns: z.record(z.string(), text).describe('Types by column, as the database writes them.'),
  primaryKey: z.array(text).optional(),
  view: text.optional().describe('The SELECT of a view, every name with its schema.'),
})

const catalog = z
  .strictObject({
    target: text,
    database: text.optional().describe('PostgreSQL; default: that of the target.'),
    file: text.optional().describe('Made by `sallyport policy catalog`; relative to this file.'),
    version: text.optional().describe('Of the server, with `tables`: `17.2`, `8.4.0`, `11.4.2-MariaDB`.'),
    searchPath: z.array(text).optional().describe('PostgreSQL, with `tables`; default: all their schemas.'),
    tables: z.array(table).min(1).optional(),
  })
  .refine(({ file, tables }) => (file === undefined) !== (tables === undefined), 'needs either file or tables')

const expectation = z
  .strictObject({
    name: text.optional().describe('Default: the statement.'),
    person: text.describe('Email.'),
    groups: z.array(text).default([]).describe('Of the token; those of files are added.'),
    target: text,
    database: text.optional(),
    role: text.optional().describe('As if it were granted. Without it: the grant of the files that is active.'),
    grant: text.optional().describe('The id of a grant of the files.'),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
    at: z.iso.datetime({ offset: true }).optional().describe('RFC 3339; default: now.'),
    duration: z
      .int()
      .positive()
      .optional()
      .describe('Asked for, in minutes; for `approval`. Default: that of the role.'),
    statement: text.optional(),
    expect: z
      .union([z.enum(['allowed', 'denied']), z.strictObject({ denied: text })])
      .optional()
      .describe('`{ denied: SP-SCOPE }` names the code of the refusal.'),
    columns: z
      .record(z.string(), z.enum(['clear', 'masked', 'null']))
      .default({})
      .describe('Fields of the result by name.'),
    rewritten: z
      .union([text, z.array(text)])
      .optional()
      .describe('What the text that is sent contains.'),
    approval: text
      .optional()
      .describe('The approval rule that decides a request for the role; `auto`: by itself; `none`: nobody gets in.'),
  })
  .refine(({ role, grant }) => role === undefined || grant === undefined, 'takes either role or grant')
  .refine(({ statement, approval }) => statement !== undefined || approval !== undefined, 'needs statement or approval')
  .refine(({ statement, expect }) => statement === undefined || expect !== undefined, 'a statement needs expect')
  .refine(({ approval, role }) => approval === undefined || role !== undefined, 'approval needs a role')

export const policyTestSchema = z
  .strictObject({ version: z.literal(1), catalogs: z.array(catalog), tests: z.array(expectation).min(1) })
  .meta({ title: 'Sallyport policy test', description: 'Expectations for `sallyport policy test`.' })

export type PolicyTestFile = z.output<typeof policyTestSchema>
export type Expectation = PolicyTestFile['tests'][number]
