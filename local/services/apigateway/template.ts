/**
 * Mapping templates: text with references, the part of VTL that integrations of workflows need
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html).
 */

/** What references reach. */
export interface TemplateContext {
  /** The body as it came. */
  body: string
  params: { path: Record<string, string>; querystring: Record<string, string>; header: Record<string, string> }
  context: Record<string, unknown>
  stageVariables: Record<string, string>
}

export class TemplateError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TemplateError'
  }
}

/** @throws TemplateError naming a directive or function that is not served; asked when a method is deployed */
export function checkTemplate(template: string): void {
  const directive =
    /(?:^|[^\\])#\{?(set|if|else|elseif|end|foreach|include|parse|macro|stop|break|evaluate|define|\[\[|#)/.exec(
      template,
    )?.[1]
  if (directive !== undefined)
    throw new TemplateError(`The directive #${directive} of a mapping template is not served: use references only.`)
  render(template, emptyContext)
}

/** @throws TemplateError */
export function render(template: string, context: TemplateContext): string {
  let output = ''
  for (let i = 0; i < template.length; ) {
    const reference = /^\$(!?)(\{?)(?=[a-zA-Z])/.exec(template.slice(i, i + 4))
    if (!reference) {
      output += template[i++]
      continue
    }
    const reader = new Reader(template, i + reference[0].length, context)
    const value = reader.reference()
    if (reference[2]) reader.expect('}')
    output += textOf(value)
    i = reader.position
  }
  return output
}

/** Reads `name.member.method('argument')…` from a position of the template. */
class Reader {
  position: number
  readonly #text: string
  readonly #context: TemplateContext

  constructor(text: string, position: number, context: TemplateContext) {
    this.#text = text
    this.position = position
    this.#context = context
  }

  reference(): unknown {
    const name = this.#word()
    const roots: Record<string, unknown> = {
      input: new Input(this.#context),
      util,
      context: this.#context.context,
      stageVariables: this.#context.stageVariables,
    }
    if (!Object.hasOwn(roots, name))
      throw new TemplateError(`The reference $${name} of a mapping template is not served.`)
    let value = roots[name]
    let path = `$${name}`
    while (/^\.[a-zA-Z]/.test(this.#text.slice(this.position, this.position + 2))) {
      this.position++
      const member = this.#word()
      path += `.${member}`
      value = this.#text[this.position] === '(' ? this.#call(value, member, path) : memberOf(value, member)
    }
    return value
  }

  expect(letter: string) {
    this.#space()
    if (this.#text[this.position] !== letter)
      throw new TemplateError(`A mapping template has no "${letter}" at character ${this.position + 1}.`)
    this.position++
  }

  #call(value: unknown, name: string, path: string): unknown {
    const args = this.#arguments()
    if ((typeof value === 'string' || value === undefined) && Object.hasOwn(ofStrings, name))
      return ofStrings[name]!(value ?? '', args)
    const functions = value instanceof Input ? value.functions : value === util ? util : undefined
    if (!functions || !Object.hasOwn(functions, name))
      throw new TemplateError(`The function ${path}() of a mapping template is not served.`)
    return functions[name]!(...args)
  }

  #arguments(): any[] {
    const args: unknown[] = []
    this.expect('(')
    this.#space()
    while (this.#text[this.position] !== ')') {
      if (args.length > 0) this.expect(',')
      args.push(this.#argument())
      this.#space()
    }
    this.position++
    return args
  }

  #argument(): unknown {
    this.#space()
    const letter = this.#text[this.position]
    if (letter === "'" || letter === '"') {
      const end = this.#text.indexOf(letter, this.position + 1)
      if (end < 0) throw new TemplateError(`A text of a mapping template has no end at character ${this.position + 1}.`)
      const text = this.#text.slice(this.position + 1, end)
      this.position = end + 1
      return text
    }
    if (letter === '$') {
      this.position++
      return this.reference()
    }
    const number = /^-?\d+/.exec(this.#text.slice(this.position))?.[0]
    if (number === undefined)
      throw new TemplateError(`An argument of a mapping template cannot be read at character ${this.position + 1}.`)
    this.position += number.length
    return Number(number)
  }

  #word(): string {
    const [word = ''] = /^[a-zA-Z][\w-]*/.exec(this.#text.slice(this.position)) ?? []
    this.position += word.length
    return word
  }

  #space() {
    while (/\s/.test(this.#text[this.position] ?? '')) this.position++
  }
}

class Input {
  readonly body: string
  readonly functions: Record<string, (...args: any[]) => unknown>

  constructor({ body, params }: TemplateContext) {
    this.body = body
    const select = (path: string) => valueAt(parseBody(body), path)
    this.functions = {
      json: (path = '$') => JSON.stringify(select(path)) ?? '',
      path: (path = '$') => select(path),
      params: (name?: string) =>
        name === undefined
          ? params
          : (params.path[name] ?? params.querystring[name] ?? params.header[name.toLowerCase()] ?? ''),
    }
  }
}

const util: Record<string, (...args: any[]) => unknown> = {
  escapeJavaScript: (text = '') => escapeJavaScript(textOf(text)),
  urlEncode: (text = '') => encodeURIComponent(textOf(text)).replaceAll('%20', '+'),
  urlDecode: (text = '') => decodeURIComponent(textOf(text).replaceAll('+', ' ')),
  base64Encode: (text = '') => Buffer.from(textOf(text)).toString('base64'),
  base64Decode: (text = '') => Buffer.from(textOf(text), 'base64').toString(),
  parseJson: (text = '') => parseBody(textOf(text)),
}

/** Methods of Java's strings that templates use. */
const ofStrings: Record<string, (text: string, args: any[]) => unknown> = {
  replaceAll: (text, [pattern, replacement]) => text.replace(new RegExp(pattern, 'g'), () => replacement),
  replace: (text, [part, replacement]) => text.replaceAll(part, () => replacement),
  substring: (text, [from, to]) => text.substring(from, to),
  toLowerCase: (text) => text.toLowerCase(),
  toUpperCase: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  toString: (text: string) => text,
}

/** As Apache Commons does: quotes of both kinds, slashes, control characters, and all that is not ASCII. */
function escapeJavaScript(text: string): string {
  const short: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f' }
  return text.replace(/['"\\/\x00-\x1f\x7f-\uffff]/g, (letter) => {
    if (/['"\\/]/.test(letter)) return `\\${letter}`
    return short[letter] ?? `\\u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  })
}

/** An empty body is an empty object. */
function parseBody(body: string): unknown {
  if (body.trim() === '') return {}
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new TemplateError(`Could not parse request body into json: ${(error as Error).message}`)
  }
}

/** `$`, `$.a.b`, `$['a'][0]` */
function valueAt(value: unknown, path: string): unknown {
  const steps = [...path.matchAll(/\.([^.[\]*?@()'"]+)|\[(\d+)\]|\[['"]([^'"]+)['"]\]/g)]
  if (!path.startsWith('$') || steps.map(([step]) => step).join('') !== path.slice(1))
    throw new TemplateError(`The path ${path} of a mapping template is not served: use names and indexes.`)
  return steps.reduce((at, [, name, index, quoted]) => memberOf(at, name ?? quoted ?? index!), value)
}

function memberOf(value: unknown, name: string): unknown {
  if (value instanceof Input) return name === 'body' ? value.body : undefined
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as any)[name] : undefined
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const emptyContext: TemplateContext = {
  body: '{}',
  params: { path: {}, querystring: {}, header: {} },
  context: {},
  stageVariables: {},
}
