import { denied, type Rule, refuse } from '../rule_context.ts'

/** A statement is judged when it executes: outside of the grant's time, start inclusive and end exclusive, none runs. */
export const grantRule: Rule = {
  name: 'grant',
  judge: ({ input: { grant, now } }) =>
    now >= grant.start && now < grant.end ? null : denied('grant', refuse('SP-GRANT-ENDED', 'the grant has ended'), 0),
}
