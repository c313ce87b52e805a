/** Wrong usage that commander can't see: exit code 2. */
export class UsageError extends Error {}
