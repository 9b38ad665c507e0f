/** Random passwords, as GetRandomPassword and `GenerateSecretString` make them. */
import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { AwsError } from '../../gateway/aws-error.ts'

const flag = z.coerce.boolean().default(false)

export const passwordRules = z.object({
  PasswordLength: z.coerce.number().int().min(1).max(4096).default(32),
  ExcludeCharacters: z.string().default(''),
  ExcludeLowercase: flag,
  ExcludeUppercase: flag,
  ExcludeNumbers: flag,
  ExcludePunctuation: flag,
  IncludeSpace: flag,
  RequireEachIncludedType: z.coerce.boolean().default(true),
})

const lowercase = 'abcdefghijklmnopqrstuvwxyz'
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

/** @throws AwsError InvalidParameterException when nothing is left to choose from */
export function randomPassword(input: object): string {
  const rules = passwordRules.parse(input)
  const types = [
    rules.ExcludeLowercase ? '' : lowercase,
    rules.ExcludeUppercase ? '' : lowercase.toUpperCase(),
    rules.ExcludeNumbers ? '' : '0123456789',
    rules.ExcludePunctuation ? '' : punctuation,
    rules.IncludeSpace ? ' ' : '',
  ]
    .map((type) => [...type].filter((letter) => !rules.ExcludeCharacters.includes(letter)))
    .filter((type) => type.length > 0)
  const all = types.flat()
  if (all.length === 0)
    throw new AwsError('InvalidParameterException', 'The password cannot be generated: all characters are excluded.')
  const required = rules.RequireEachIncludedType ? types : []
  if (required.length > rules.PasswordLength)
    throw new AwsError('InvalidParameterException', 'The password is too short to include a character of each type.')
  const chosen = required.map(oneOf)
  while (chosen.length < rules.PasswordLength) chosen.push(oneOf(all))
  for (let i = chosen.length - 1; i > 0; i--) {
    const j = randomInt(i + 1)
    ;[chosen[i], chosen[j]] = [chosen[j]!, chosen[i]!]
  }
  return chosen.join('')
}

const oneOf = (letters: string[]) => letters[randomInt(letters.length)]!
