import { describe, expect, it } from 'vitest'
import { checkTemplate, render, TemplateError } from '../../../local/services/apigateway/template.ts'

const context = {
  body: '{"name":"O\'Neil \\"x\\"","n":1,"list":[{"a":2}],"ü":"é/"}',
  params: { path: { id: '7' }, querystring: { q: 'a b' }, header: { accept: 'text/html' } },
  context: { stage: 'v1', identity: { sourceIp: '127.0.0.1' } },
  stageVariables: { color: 'red' },
}

describe('a mapping template', () => {
  it.each([
    ["$input.json('$')", `{"name":"O'Neil \\"x\\"","n":1,"list":[{"a":2}],"ü":"é/"}`],
    ["$input.json('$.list[0].a')", '2'],
    ["$input.path('$.name')", `O'Neil "x"`],
    ["$input.path('$.missing.deep')", ''],
    ['$input.body', context.body],
    ["$input.params('id') $input.params('q') $input.params('Accept')", '7 a b text/html'],
    ['$context.stage/${context.identity.sourceIp}', 'v1/127.0.0.1'],
    ['$stageVariables.color $!stageVariables.none.', 'red .'],
    ["$util.escapeJavaScript($input.path('$.name'))", `O\\'Neil \\"x\\"`],
    ["$util.escapeJavaScript($input.json('$.ü'))", '\\"\\u00E9\\/\\"'],
    ["$util.urlEncode($input.params('q'))", 'a+b'],
    ["$util.base64Decode($util.base64Encode('x'))", 'x'],
    ["$input.path('$.name').replaceAll('[A-Z]', '-')", `-'-eil "x"`],
    ['costs 5$ and $5, #1', 'costs 5$ and $5, #1'],
  ])('%s', (template, expected) => {
    expect(render(template, context)).toBe(expected)
  })

  it('puts any JSON body into a string of JSON, as the trigger of executions does', () => {
    const template = `{"input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\\\'", "'")"}`

    const { input } = JSON.parse(render(template, context))

    expect(JSON.parse(input)).toEqual(JSON.parse(context.body))
    expect(JSON.parse(render(template, { ...context, body: '' })).input).toBe('{}')
  })

  it.each([
    ['#set($x = 1)', 'The directive #set'],
    ['a #if($x) b #end', 'The directive #if'],
    ['$other.x', 'The reference $other'],
    ['$util.magic()', 'The function $util.magic()'],
    ["$input.json('$..x')", 'The path $..x'],
    ["$input.json('$'", 'no ","'],
    ["$input.json('$)", 'has no end'],
  ])('%s is refused when it is deployed', (template, reason) => {
    expect(() => checkTemplate(template)).toThrow(TemplateError)
    expect(() => checkTemplate(template)).toThrow(reason)
  })

  it('needs a body that is JSON where it reads one', () => {
    expect(() => render("$input.json('$')", { ...context, body: '{' })).toThrow(
      'Could not parse request body into json',
    )
  })
})
