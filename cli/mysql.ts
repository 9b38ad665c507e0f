/** Whether there is a MySQL-compatible server to load, as the local cloud itself looks for one. */
export async function hasMysql(): Promise<boolean> {
  if (process.env.MYSQL_URL) return true
  const { findMysqlServer } = await import('../local/services/rds/index.ts')
  return (await findMysqlServer()) !== undefined
}

/** One line that says what is left out, and what to type so that it is not. */
export async function withoutMysql(): Promise<string> {
  const { INSTALL_HINT } = await import('../local/services/rds/index.ts')
  return `No MySQL server here, so MySQL is left out; ${INSTALL_HINT}.`
}
