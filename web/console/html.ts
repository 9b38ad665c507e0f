/** JSX without a compiler: tagged templates that make Preact nodes. */
import htm from 'htm'
import { h } from 'preact'

type Html = (strings: TemplateStringsArray, ...values: unknown[]) => any

/** htm's types describe its CommonJS form; what is imported is the function. */
export const html = (htm as unknown as { bind(create: typeof h): Html }).bind(h)
