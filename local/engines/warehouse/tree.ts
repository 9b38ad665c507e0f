/** Tokens with their parentheses matched, so that clauses and the arguments of a call can be found by walking a list. */
import { WarehouseSyntaxError } from './errors.ts'
import { type Token, tokenize } from './tokens.ts'

export interface Group {
  readonly kind: 'group'
  readonly open: Token
  readonly items: readonly Node[]
  readonly close: Token
}

export type Node = Token | Group

/** @throws WarehouseSyntaxError when parentheses do not match */
export function parseTree(sql: string): Node[] {
  return build(tokenize(sql))
}

export function build(tokens: readonly Token[]): Node[] {
  let at = 0
  const level = (open?: Token): [Node[], Token | undefined] => {
    const items: Node[] = []
    while (at < tokens.length) {
      const token = tokens[at++] as Token
      if (isSymbol(token, '(')) {
        const [inner, close] = level(token)
        if (!close) throw new WarehouseSyntaxError('', token.start + 1)
        items.push({ kind: 'group', open: token, items: inner, close })
      } else if (isSymbol(token, ')')) {
        if (!open) throw new WarehouseSyntaxError(')', token.start + 1)
        return [items, token]
      } else items.push(token)
    }
    return [items, undefined]
  }
  return level()[0]
}

export function isGroup(node: Node | undefined): node is Group {
  return node?.kind === 'group'
}

export function isWord(node: Node | undefined, ...words: string[]): node is Token & { readonly kind: 'word' } {
  return node?.kind === 'word' && (words.length === 0 || words.includes(node.value))
}

export function isSymbol(node: Node | undefined, ...symbols: string[]): node is Token & { readonly kind: 'symbol' } {
  return node?.kind === 'symbol' && symbols.includes(node.text)
}

export function startOf(node: Node): number {
  return node.kind === 'group' ? node.open.start : node.start
}

export function endOf(node: Node): number {
  return node.kind === 'group' ? node.close.end : node.end
}

/** The parts of a list between its commas; none for an empty list. */
export function splitCommas(nodes: readonly Node[]): Node[][] {
  if (nodes.length === 0) return []
  const parts: Node[][] = [[]]
  for (const node of nodes) {
    if (isSymbol(node, ',')) parts.push([])
    else (parts.at(-1) as Node[]).push(node)
  }
  return parts
}

/** Walks a list of nodes word by word; the small hand-written parsers of COPY, UNLOAD and CREATE TABLE stand on it. */
export class Reader {
  readonly nodes: readonly Node[]
  at: number
  readonly #end: number

  constructor(nodes: readonly Node[], at = 0) {
    this.nodes = nodes
    this.at = at
    this.#end = nodes.length === 0 ? 0 : endOf(nodes.at(-1) as Node)
  }

  get done(): boolean {
    return this.at >= this.nodes.length
  }

  peek(ahead = 0): Node | undefined {
    return this.nodes[this.at + ahead]
  }

  next(): Node {
    const node = this.nodes[this.at++]
    if (!node) throw new WarehouseSyntaxError('', this.#end + 1)
    return node
  }

  /** Takes the words if they come next, in this order. */
  take(...words: string[]): boolean {
    if (!words.every((word, index) => isWord(this.peek(index), word))) return false
    this.at += words.length
    return true
  }

  takeSymbol(symbol: string): boolean {
    if (!isSymbol(this.peek(), symbol)) return false
    this.at++
    return true
  }

  expect(...words: string[]): void {
    for (const word of words) if (!this.take(word)) this.fail()
  }

  /** A name: a word (folded to lower case, as Redshift does) or a quoted identifier. */
  name(): string {
    const node = this.next()
    if (node.kind !== 'word' && node.kind !== 'quoted') return this.fail(node)
    return node.kind === 'quoted' ? node.value.toLowerCase() : node.value
  }

  string(): string {
    const node = this.next()
    return node.kind === 'string' ? node.value : this.fail(node)
  }

  integer(): number {
    const node = this.next()
    return node.kind === 'number' && /^\d+$/.test(node.text) ? Number(node.text) : this.fail(node)
  }

  group(): Group {
    const node = this.next()
    return isGroup(node) ? node : this.fail(node)
  }

  /** `name`, `schema.name` or `database.schema.name`: the last two parts. */
  qualifiedName(): { schema?: string; name: string } {
    let parts = [this.name()]
    while (this.takeSymbol('.')) parts = [...parts, this.name()]
    const schema = parts.at(-2)
    return { ...(schema === undefined ? {} : { schema }), name: parts.at(-1) as string }
  }

  fail(node = this.peek()): never {
    if (!node) throw new WarehouseSyntaxError('', this.#end + 1)
    const token = isGroup(node) ? node.open : node
    throw new WarehouseSyntaxError(token.text, token.start + 1)
  }
}
