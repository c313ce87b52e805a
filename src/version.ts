import manifest from '../package.json' with { type: 'json' }

/** The version in package.json; it stands in every audit record. */
export const VERSION: string = manifest.version
