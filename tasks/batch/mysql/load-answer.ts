/** What MySQL answers to LOAD DATA. */
import { TaskError } from '../../errors.ts'

/** `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`, https://dev.mysql.com/doc/c-api/8.4/en/mysql-info.html */
export function recordsOf(info: string): { records: number; skipped: number; warnings: number } {
  const number = (name: string) => {
    const found = new RegExp(`${name}: (\\d+)`).exec(info)?.[1]
    if (found === undefined)
      throw new TaskError('MysqlLoadRefused', `MySQL's answer to LOAD DATA tells no ${name}: "${info}".`)
    return Number(found)
  }
  return { records: number('Records'), skipped: number('Skipped'), warnings: number('Warnings') }
}
