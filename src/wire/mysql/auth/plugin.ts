/** Names of the authentication plugins that are spoken here ("Authentication Methods"). */
export const PLUGIN = {
  cachingSha2: 'caching_sha2_password',
  native: 'mysql_native_password',
  clear: 'mysql_clear_password',
  openid: 'authentication_openid_connect_client',
} as const
