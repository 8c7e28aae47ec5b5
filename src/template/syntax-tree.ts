import type { Value } from '../model/value.ts'

/** Jinja2 expressions. `line` counts from 1 in the template. */
export type Expression = { readonly line: number } & ExpressionBody

type ExpressionBody =
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly object: Expression; readonly key: Expression }
  | {
      readonly kind: 'slice'
      readonly object: Expression
      readonly start: Expression | null
      readonly stop: Expression | null
      readonly step: Expression | null
    }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: Arguments }
  | { readonly kind: 'filter'; readonly input: Expression; readonly name: string; readonly args: Arguments }
  | {
      readonly kind: 'test'
      readonly input: Expression
      readonly name: string
      readonly args: Arguments
      readonly negated: boolean
    }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'dictionary'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'unary'; readonly operator: '-' | '+' | 'not'; readonly operand: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
  | {
      readonly kind: 'comparison'
      readonly first: Expression
      readonly rest: readonly { readonly operator: ComparisonOperator; readonly operand: Expression }[]
    }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'conditional'
      readonly condition: Expression
      readonly then: Expression
      readonly otherwise: Expression | null
    }

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '~'
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export interface Arguments {
  readonly positional: readonly Expression[]
  readonly named: readonly (readonly [string, Expression])[]
}

/** What a template is made of, in order. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly expression: Expression }
  | {
      readonly kind: 'if'
      readonly branches: readonly { readonly condition: Expression; readonly body: readonly Node[] }[]
      readonly otherwise: readonly Node[]
    }
  | {
      readonly kind: 'for'
      readonly targets: readonly string[]
      readonly iterable: Expression
      readonly condition: Expression | null
      readonly body: readonly Node[]
      readonly otherwise: readonly Node[]
    }
  | {
      readonly kind: 'set'
      readonly targets: readonly string[]
      /** `ns.x`: the attribute of a namespace. */
      readonly attribute: string | null
      readonly value: Expression
    }
  | { readonly kind: 'capture'; readonly name: string; readonly body: readonly Node[] }
  | {
      readonly kind: 'macro'
      readonly name: string
      readonly parameters: readonly { readonly name: string; readonly fallback: Expression | null }[]
      readonly body: readonly Node[]
    }
  | {
      readonly kind: 'filter-block'
      readonly filters: readonly { readonly name: string; readonly args: Arguments; readonly line: number }[]
      readonly body: readonly Node[]
    }
  | { readonly kind: 'block'; readonly isScoped: boolean; readonly body: readonly Node[] }
  | {
      readonly kind: 'with'
      readonly bindings: readonly (readonly [string, Expression])[]
      readonly body: readonly Node[]
    }
