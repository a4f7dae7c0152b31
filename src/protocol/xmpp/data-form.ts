// XEP-0004, with the FORM_TYPE of XEP-0068.
import { type Element, xml } from './element.ts';
import { NS } from './namespaces.ts';

export type FormType = 'cancel' | 'form' | 'result' | 'submit';
/** Section 3.3. */
export type FieldType =
  | 'boolean'
  | 'fixed'
  | 'hidden'
  | 'jid-multi'
  | 'jid-single'
  | 'list-multi'
  | 'list-single'
  | 'text-multi'
  | 'text-private'
  | 'text-single';

export interface FormField {
  name: string;
  type?: FieldType;
  label?: string;
  description?: string;
  required?: boolean;
  value?: boolean | string | readonly string[];
  options?: readonly { label?: string; value: string }[];
}

/** A form that somebody filled in. */
export interface FilledForm {
  type: FormType;
  /** XEP-0068: what the fields' names mean. */
  formType: string | undefined;
  /** The values of each field, by its name; a field without a value has none. */
  values: ReadonlyMap<string, readonly string[]>;
}

/** `texts`: what a person reads above the fields. */
export function dataForm(
  type: FormType,
  formType: string,
  fields: readonly FormField[],
  texts: { title?: string; instructions?: string } = {},
): Element {
  return xml(
    'x',
    NS.DATA_FORMS,
    { type },
    texts.title === undefined ? undefined : xml('title', NS.DATA_FORMS, {}, texts.title),
    texts.instructions === undefined ? undefined : xml('instructions', NS.DATA_FORMS, {}, texts.instructions),
    fieldElement({ name: 'FORM_TYPE', type: 'hidden', value: formType }),
    ...fields.map(fieldElement),
  );
}

function fieldElement(field: FormField): Element {
  const { value = [] } = field;
  const values = typeof value === 'boolean' ? [value ? '1' : '0'] : typeof value === 'string' ? [value] : value;
  return xml(
    'field',
    NS.DATA_FORMS,
    { var: field.name, type: field.type, label: field.label },
    field.description === undefined ? undefined : xml('desc', NS.DATA_FORMS, {}, field.description),
    field.required ? xml('required', NS.DATA_FORMS) : undefined,
    ...values.map((text) => xml('value', NS.DATA_FORMS, {}, text)),
    ...(field.options ?? []).map((option) =>
      xml('option', NS.DATA_FORMS, { label: option.label }, xml('value', NS.DATA_FORMS, {}, option.value)),
    ),
  );
}

/** The first form inside an element; of that FORM_TYPE where given. */
export function formIn(parent: Element, formType?: string): FilledForm | undefined {
  for (const x of parent.elements('x', NS.DATA_FORMS)) {
    const form = parseDataForm(x);
    if (form !== undefined && (formType === undefined || form.formType === formType)) return form;
  }
  return undefined;
}

/** Undefined: it has no type that a form can have. The first of two fields with one name counts. */
export function parseDataForm(x: Element): FilledForm | undefined {
  const { type } = x.attributes;
  if (type !== 'cancel' && type !== 'form' && type !== 'result' && type !== 'submit') return undefined;
  const values = new Map<string, readonly string[]>();
  for (const field of x.elements('field')) {
    const name = field.attributes['var'];
    if (name !== undefined && !values.has(name))
      values.set(
        name,
        field.elements('value').map((value) => value.text),
      );
  }
  return { type, formType: values.get('FORM_TYPE')?.[0], values };
}

/** A boolean's lexical forms (XML Schema part 2 section 3.2.2); undefined: another text, or none. */
export function booleanOf(values: readonly string[] | undefined): boolean | undefined {
  const value = values?.[0]?.trim();
  return value === '1' || value === 'true' ? true : value === '0' || value === 'false' ? false : undefined;
}
