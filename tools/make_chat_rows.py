#!/usr/bin/env python3
"""Writes tests/fixtures/chat/rows.jsonl: templates, what they are given, and what Jinja2 makes of them as transformers sets it
up. Run it with a Python that has transformers and jinja2, after a change of the expressions below.

    python tools/make_chat_rows.py > tests/fixtures/chat/rows.jsonl
"""

import datetime
import json
import re
import sys

from transformers.utils import chat_template_utils

NOW = datetime.datetime(2024, 7, 26, 9, 5, 3)  # what strftime_now tells

CONTEXT = {
    "messages": [
        {"role": "system", "content": "Be brief. "},
        {"role": "user", "content": "Hello, wörld!"},
        {"role": "assistant", "content": " 2 ", "n": 3, "f": 0.5, "ok": True, "none": None, "tools": [{"name": "a"}, {"name": "B"}]},
    ],
    "tools": None,
    "documents": None,
    "add_generation_prompt": True,
    "bos_token": "<s>",
    "numbers": [3, 1, 2],
    "words": ["b", "A", "c"],
    "nested": {"a": {"b": [10, 20]}, "items": 5},
    "empty": {},
    "text": "The quick brown fox",
    "html": "<p class=\"x\">it's & more</p>",
}

# One expression a line; each is a row of its own.
EXPRESSIONS = r"""
none is iterable
tools is iterable
tools is iterable and tools | length > 0
'a' is sequence
{} is sequence
range(3) is sequence
(1, 2) is sequence
none is sequence
missing is sequence
missing is iterable
1 is iterable
1.0 is sequence
{'a':1}.keys() is sequence
[1]|map('string') is sequence
[1]|map('string') is iterable
messages[0].content is callable
trim is callable
range is callable
missing is callable
namespace is callable
namespace() is callable
'a'.upper is callable
raise_exception is callable
lipsum is defined
cycler is defined
joiner is defined
self is defined
loop is defined
dict is defined
caller is defined
now is defined
1.0
1e3
1e-7
123456789.123456789
1e16
1e15
1e20
100000000000000000000.0
0.1 + 0.2
1e-5
0.0001
0.00012345
-0.0
1.5e300 * 1e10
1e308 * 10
-1e308 * 10
[1.0, 1e-7, 1e16]
[1.0, 1e-7, 1e16] | tojson
1_000
1_0.5_0
0x1F
0b101
0o17
00
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
7.5 % 2
-7.5 % 2
7.5 // 2
-7.5 // 2
1 / 2
4 / 2
2 ** 10
2 ** -1
2 ** 0.5
2 ** 3 ** 2
-2 ** 2
0 ** 0
10 ** 20
1 // 0
1 / 0
1 % 0
1.0 // 0
1.0 % 0
1.0 / 0
0 ** -1
true + 1
true + true
-true
+true
+1
-'a'
+none
1 + '1'
'1' + 1
'a' + none
'a' + missing
missing + 'a'
'a' ~ missing
'a' ~ none ~ true ~ 1.0 ~ [1, 'x']
[1] + [2]
(1,) + (2,)
[1] + (2,)
[1] * 3
3 * [1]
'ab' * 3
3 * 'ab'
'ab' * -1
'ab' * 1.5
(1, 2) * 2
none * 2
{} + {}
[1] - [1]
'abc' - 'a'
1 < 2 < 3
1 < 3 < 2
3 > 2 > 1
1 == 1.0 == true
1 < 2.5
2 <= 2.0
none < 1
none == none
none == false
'a' < 'b'
'a' < 1
'B' < 'a'
[1, 2] < [1, 3]
[1, 2] < [1, 'a']
(1, 2) < (1, 2, 3)
[1] < (2,)
[1, 2] == [1, 2]
[1, 2] == (1, 2)
[1, 2] == [1, 2.0]
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
{'a': 1} < {'a': 2}
missing == missing2
missing == none
missing < 1
missing == ''
missing != ''
1 in [1, 2]
1.0 in [1, 2]
true in [1]
'a' in 'abc'
'' in 'abc'
1 in 'abc'
none in 'abc'
none in [none]
'a' in {'a': 1}
[1] in {'a': 1}
'a' in none
'a' in 1
'a' in missing
missing in 'abc'
missing in [1]
3 in range(5)
'3' in range(5)
'a' not in 'abc'
not 'a' in 'abc'
not none
not []
not missing
[] or 'x'
0 or none
'' and 'x'
1 and 2
'a' if true
'a' if false
('a' if false) is defined
'a' if false else 'b'
('a' if false).x
1, 2
(1,)
()
(1)
(1, (2, 3))
[1, [2, 'a'], (3,), {'b': none}]
['it\'s', "q\"", 'a\nb\t\\', '\x7f\x01\u200b\u00a0é']
"it's"
['it\'s "x"']
[missing]
[bos_token|safe]
{'a': 1, 1: 2, none: 3, true: 4, 1.5: 5}
{1: 'a', true: 'b'}
{1: 'a', 1.0: 'b'}
{(1, 2): 3}[(1, 2)]
{[1]: 2}
{'a': missing}
{'a': 1}.a
{'a': 1}['a']
{'a': 1}['b']
{'a': 1}.b.c
{'a': 1}[1]
{'a': 1}[[1]]
{1: 'x'}[1.0]
{1: 'x'}[true]
nested.a.b[1]
nested['a'].b.0
nested.items is callable
nested['items']
nested.a.items()
nested.missing
nested.missing.more
nested.missing['more']
nested['missing'] is defined
numbers[0]
numbers[-1]
numbers[5]
numbers[5] is defined
numbers['a']
numbers[1.0]
numbers[true]
numbers[none]
numbers.0
numbers[0:2]
numbers[::-1]
numbers[::2]
numbers[-2:]
numbers[5:]
numbers[:-5]
numbers['a':]
numbers[::0]
numbers[10:0:-1]
numbers[0, 1]
text[4:9]
text[::-1]
text[-3:]
text[0]
text[-1]
text[100]
text['x']
text[100:]
'wörld'[1:3]
'wörld'[-4]
(1, 2, 3)[1:]
range(10)[2:8:2]
range(10)[-1]
range(5)[::-1]|list
range(3)
range(1, 10, 3)
range(1, 10, 3)|list
range(10, 0, -4)|list
range(0)|list
range(1, 2, 0)
range(100001)
range(100000)|length
range('a')
range(1.5)
range()
none[0]
none.x
none['x']
tools[0:1]
add_generation_prompt[0:1]
nested[0:1]
numbers['a':'b']
numbers[1.0:]
numbers[none:2]
text[true:]
messages[:1][0].role
5[0]
5.x
true.x
missing.x
missing['x']
missing[0]
missing[0:1]
missing()
missing | upper
missing | length
missing | list
missing | int
missing | float
missing | string
missing | tojson
missing | default('x')
missing | d
missing | join
missing | first
missing | last
missing | sort
missing | trim
missing | abs
missing | round
missing | replace('a', 'b')
missing | map('upper') | list
missing | items | list
missing.upper()
'a'.__class__
'a'.__class__.__mro__
''._x
'a'.foo
'a'.foo()
(1).real
(5).bit_length()
(5).numerator
(1.5).is_integer()
(2.0).is_integer()
(2.5).real
true.real
[1].append(2)
[1].append
[1].append is defined
[3, 1].sort()
[1].pop()
[1].insert(0, 1)
[1].extend([2])
[1].remove(1)
[1].reverse()
[1].clear()
{'a': 1}.pop('a')
{'a': 1}.update({'b': 1})
{'a': 1}.setdefault('b', 1)
{'a': 1}.clear()
{'a': 1}.popitem()
[1, 2, 1].count(1)
[1, 2, 1].index(2)
[1, 2, 1].index(1, 1)
[1, 2, 1].index(5)
[1, 2].copy()
['a'].index('a')
(1, 2).count(1)
(1, 2).index(2)
(1, 2).index(3)
(1, 2).copy()
range(5).index(3)
range(5).count(3)
range(1, 9, 2).start
{'a': 1}.get('a')
{'a': 1}.get('b')
{'a': 1}.get('b', 2)
{'a': 1}.get()
{'a': 1}.get('b', default=2)
{'a': 1}.get([1])
{'a': 1}.items()
{'a': 1}.keys()
{'a': 1}.values()
{'a': 1}.items() | list
{'a': 1, 'b': 2}.items() | length
{'a': 1}.keys() | first
{'a': 1}.copy()
{}.items() | list
{'a': 1} | list
{'a': 1} | length
{'a': 1} | first
{'a': 1, 'b': 2} | last
{'a': 1} | items | list
[1] | items | list
dict(a=1, b=2)
dict([('a', 1)])
dict({'a': 1}, b=2)
dict(['ab'])
dict([1])
dict({}, {})
dict()
dict.fromkeys(['a', 'b'])
dict.fromkeys(['a'], 1)
namespace(a=1).a
namespace({'a': 1}, b=2).b
namespace({'a': 1}, b=2)
namespace(a=1).b
namespace(a=1)['a']
namespace(_a=1)
namespace([('a', 2)]).a
cycler('a', 'b').next()
cycler()
cycler('a', 'b').current
joiner('-')()
'abc'.upper()
'ÀB'.lower()
'ß'.upper()
'ΑΣ'.lower()
'ǆ'.title()
'ß x'.title()
'ßx'.capitalize()
'İ'.lower()
'İ'.lower() | length
'ŉx'.title()
'ﬁx'.capitalize()
'Straße'.casefold()
'hello world'.capitalize()
"it's o'neil" | title
"it's o'neil".title()
'a-b (c) [d] {e} <f>x' | title
'HELLO wORLD' | title
'HELLO wORLD'.title()
'aB1c2d'.title()
'a-b'.swapcase()
'aB ß'.swapcase()
'a'.center(5, '*')
'ab'.center(5)
'ab'.center(5, '**')
'ab'.center(1)
'a'.ljust(3) ~ '|'
'a'.rjust(3, '0')
'a'.zfill(3)
'-5'.zfill(4)
'+5'.zfill(4)
'5'.zfill()
'a\tb'.expandtabs()
'a\tb\n\tc'.expandtabs(4)
'a\tb'.expandtabs(0)
'a,b,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.split(',', maxsplit=1)
'a,b,c'.split(sep=',')
'a b  c '.split()
' a b  c '.split(none, 1)
' a b  c '.split(' ')
'a b c d'.split(maxsplit=2)
''.split()
''.split(',')
'abc'.split('')
'abc'.split(1)
'a,b,c'.rsplit(',', 1)
' a b  c '.rsplit()
' a b  c '.rsplit(none, 1)
'a  b c d'.rsplit(maxsplit=2)
'a,b,c'.rsplit(',')
'abc'.rsplit('')
'a\nb\r\nc\rd'.splitlines()
'a\nb\n'.splitlines(true)
'a\u2028b\x0bc\x1cd\x85e'.splitlines()
''.splitlines()
'a\u00a0b'.split()
'a\x1cb'.split()
'\u00a0a' | trim
'\u00a0a\u3000'.strip()
'\u200ba'.strip() | length
'\x1ca\x85'.strip() | length
'xxaxx'.strip('x')
'xyaxy'.lstrip('yx')
'xyaxy'.rstrip('yx')
' a '.lstrip() ~ '|'
' a '.rstrip() ~ '|'
' a '.strip(none)
' a '.strip(1)
'xxaxx' | trim('x')
'abc'.removeprefix('a')
'abc'.removeprefix('x')
'abc'.removesuffix('c')
'abc'.removesuffix('')
'abc'.removeprefix()
'abc'.partition('b')
'abc'.partition('x')
'abcbd'.rpartition('b')
'abc'.rpartition('x')
'abc'.partition('')
'abcabc'.find('c')
'abcabc'.find('c', 3)
'abcabc'.find('x')
'abcabc'.find('a', 1, 3)
'abcabc'.find('', 10)
'abcabc'.find('', 6)
'abcabc'.rfind('c')
'abcabc'.rfind('c', 0, 4)
'abcabc'.index('c')
'abcabc'.index('x')
'abcabc'.rindex('a')
'abcabc'.rindex('x')
'wörld'.find('l')
'abcabc'.count('bc')
'aaa'.count('aa')
'abc'.count('')
'abc'.count('a', 1)
'abc'.find(1)
'abc'.startswith('ab')
'abc'.startswith(('x', 'a'))
'abc'.startswith(['a'])
'abc'.startswith('b', 1)
'abc'.startswith('b', 1, 1)
'abc'.endswith('bc')
'abc'.endswith(('x', 'c'))
'abc'.endswith('b', 0, 2)
'abc'.endswith(1)
'a-b-c'.replace('-', '+')
'a-b-c'.replace('-', '+', 1)
'abc'.replace('', '-')
'abc'.replace('', '-', 2)
'abc'.replace('a')
'abc'.replace('a', 1)
'abc'.replace('b', '', count=1)
'-'.join(['a', 'b'])
'-'.join('abc')
'-'.join([1, 2])
'-'.join({'a': 1})
'-'.join(none)
''.join(words)
'abc'.encode('utf-8')
'é'.encode()
'abc'.encode('utf-8').decode()
'abc'.isalpha()
'ab1'.isalnum()
'ab1'.isalpha()
''.isalpha()
'१२'.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
'一'.isnumeric()
'一'.isalpha()
'123'.isdecimal()
'abc'.islower()
'aBc'.islower()
'a1'.islower()
'1'.islower()
'ABC'.isupper()
'Ab Cd'.istitle()
'Ab cd'.istitle()
' \t\n'.isspace()
''.isspace()
'abc'.isidentifier()
'1a'.isidentifier()
'a\x00'.isprintable()
'é'.isprintable()
'abc'.isascii()
'é'.isascii()
'abc'.upper('x')
'abc'.nothing()
'%s' % 'x'
'%s-%d' % ('a', 3)
'%d' % 3.7
'%d' % 'a'
'%5d|%-5d|%05d|%+d|% d' % (1, 2, 3, 4, 5)
'%x %X %o %#x %#o' % (255, 255, 8, 255, 8)
'%f %.2f %e %g %G' % (1.5, 2.345, 12345.678, 0.00001, 1e20)
'%g %g %g %g' % (100000, 1000000, 1e-4, 1e-5)
'%s %r %a' % ('é', 'é', 'é')
'%10s|%-10s|%.2s' % ('ab', 'ab', 'abcdef')
'%c%c' % ('a', 98)
'%c' % 'ab'
'%%' % ()
'%s' % none
'%s' % missing
'%s %s' % ('a',)
'%s' % ('a', 'b')
'%s' % [1, 2]
'%(a)s %(b)05.1f' % {'a': 'x', 'b': 2.25}
'%(a)s' % {'b': 1}
'%(a)s' % 'x'
'abc' % 'x'
'abc' % {}
'abc' % []
'abc' % 1
'%*d' % (5, 42)
'%-*d|' % (5, 42)
'%.*f' % (2, 3.14159)
'%y' % 1
'%' % 1
'%5%' % ()
'%5%' % (1,)
'%.1%' % 1
'100%% %s' % 'x'
'%s' % ('a' | safe)
'%05s' % 'a'
'%.3d' % 5
'%+.1e' % 12345.678
'%d' % true
'%i' % 5
'%s' % 1e-7
'{} {}'.format('a', 1)
'{0} {1} {0}'.format('a', 'b')
'{a} {b}'.format(a=1, b=2)
'{0[0]} {1.a} {1[a]}'.format([1], {'a': 2})
'{:>5}|{:<5}|{:^5}|{:*^5}'.format('a', 'b', 'c', 'd')
'{:d} {:05d} {:+d} {:,} {:_}'.format(1, 2, 3, 1234567, 1234567)
'{:x} {:#x} {:b} {:o} {:X}'.format(255, 255, 5, 8, 255)
'{:f} {:.2f} {:e} {:g} {:%} {:.1%}'.format(1.5, 2.345, 12345.678, 0.00001, 0.5, 0.256)
'{:.3}'.format('abcdef')
'{:.3}'.format(1.23456)
'{:.3}'.format(100.0)
'{:,.2f}'.format(1234567.891)
'{!r} {!s}'.format('a', 'b')
'{{}} {{{}}}'.format(1)
'{}'.format()
'{a}'.format(b=1)
'{'.format(1)
'}'.format(1)
'{0} {}'.format(1)
'{} {0}'.format(1)
'{:{}}'.format('a', 5)
'{:5}'.format(true)
'{}'.format(true)
'{}'.format(none)
'{:5}'.format(none)
'{:d}'.format('a')
'{:s}'.format(1)
'{:.2}'.format(1)
'{:c}'.format(65)
'{:5}|{:<5}|{:^5}'.format(1, 2, 3)
'{:5}'.format([1])
'{}'.format([1, 'a'])
'{:z}'.format('a')
'{:z}'.format(1)
'{:z.1f} {:.1f}'.format(-0.04, -0.04)
'{:.1} {:.1} {:.4} {:.17}'.format(5.0, 50.0, 1234.5, 0.1)
'{a.__class__}'.format(a='x')
'{a}'.format_map({'a': 1})
'{a}'.format_map({})
'abc'.translate({97: 'x'})
'abc'.translate({97: none, 98: 120})
'%s and %s' | format('a', 'b')
'%(a)s' | format(a=1)
'%s' | format
'x' | int
'42' | int
'42.7' | int
' 42 ' | int
'-42' | int
'1_000' | int
'1__0' | int
'0x1F' | int
'0x1F' | int(0, 16)
'1F' | int(base=16)
'z' | int(base=36)
'12' | int(base=2)
'0b11' | int(0, 0)
'१२' | int
'' | int
none | int
none | int('x')
'x' | int(5)
'x' | int(default=none)
4.9 | int
-4.9 | int
true | int
[] | int
'inf' | int
'nan' | int
'1e3' | int
'x' | float
'1.5' | float
' 1e3 ' | float
'inf' | float
'-inf' | float
'nan' | float
'1_0.5' | float
none | float
none | float(2.5)
3 | float
true | float
[] | float
-5 | abs
-5.5 | abs
true | abs
'a' | abs
none | abs
42.55 | round
42.55 | round(1)
42.45 | round(1)
2.5 | round
3.5 | round
2.675 | round(2)
42 | round
42 | round(-1)
45 | round(-1)
55 | round(-1)
1234.5 | round(-2)
42.1 | round(0, 'ceil')
42.9 | round(0, 'floor')
42.123 | round(2, 'ceil')
42 | round(method='ceil')
-42.1 | round(method='floor')
42.1 | round(method='x')
'a' | round
none | round
1e300 | round(2)
'' | d('e', boolean=true)
'' | d('e')
'' | default('e', true)
none | default('e')
none | default('e', true)
0 | d('e', true)
missing | default
nested.missing | default('x')
nested.missing.more | default('x')
'abc' | upper
none | upper
1 | upper
'ABC' | lower
'hELLO' | capitalize
1.0 | string
none | string
[1, 'a'] | string
'abc' | length
'wörld' | length
none | length
1 | length
1 | count
range(4) | count
[1] | map('string') | length
'abc' | list
none | list
1 | list
(1, 2) | list
range(3) | list
'abc' | first
'' | first
[] | first
[] | first is defined
none | first
[1, 2] | last
'abc' | last
none | last
range(3) | last
[1] | map('string') | last
'abc' | reverse
[1, 2] | reverse | list
[1, 2] | reverse is iterable
{'a': 1, 'b': 2} | reverse | list
none | reverse
1 | reverse
numbers | sort
numbers | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
['b', 'a', 'B', 'A'] | sort
[1, 'a'] | sort
[none, 1] | sort
none | sort
'cab' | sort
messages | sort(attribute='role') | map(attribute='role') | list
messages | sort(attribute='role,content') | map(attribute='role') | list
messages | sort(attribute='x')
numbers | min
numbers | max
words | min
words | max
words | max(case_sensitive=true)
[] | min
[1, 'a'] | max
messages | max(attribute='role')
none | max
numbers | sum
[1.5, 2] | sum
['a'] | sum
[[1], [2]] | sum(start=[])
[] | sum
numbers | sum(start=10)
messages[2].tools | map(attribute='name') | join(',')
[{'n': 1}, {'n': 2}] | sum(attribute='n')
none | sum
none | join
[1, none, 'a', 1.0] | join('-')
'abc' | join('.')
[] | join
{'a': 1} | join
messages | join(', ', attribute='role')
[1] | join(1)
missing | join(',')
1 | join
numbers | map('string') | list
numbers | map('string') | join(',')
words | map('upper') | list
words | map('replace', 'b', 'x') | list
words | map('default', 'x') | list
messages | map(attribute='role') | list
messages | map(attribute='n') | list
messages | map(attribute='n', default=0) | list
messages | map(attribute='tools.0.name', default='-') | list
[[1, 2], [3, 4]] | map(attribute=1) | list
[[1, 2], [3, 4]] | map(attribute='1') | list
numbers | map('nothing') | list
numbers | map | list
[1, 'a'] | map('abs') | first
[1, 'a'] | map('abs') | list
none | map('upper') | list
1 | map('upper') | list
numbers | select('odd') | list
numbers | select('greaterthan', 1) | list
numbers | select('gt', 1) | list
numbers | select('divisibleby', 2) | list
[0, 1, '', 'a', none] | select | list
[0, 1, '', 'a', none] | reject | list
numbers | reject('odd') | list
numbers | select('nothing') | list
words | select('in', ['a', 'b']) | list
messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list
messages | selectattr('role', '==', 'user') | list | length
messages | selectattr('n') | list | length
messages | selectattr('n', 'defined') | list | length
messages | selectattr('role', 'in', ['user', 'system']) | list | length
messages | rejectattr('role', 'equalto', 'user') | list | length
messages | rejectattr('n') | map(attribute='role') | list
messages | selectattr | list
messages | selectattr('role', 'nothing') | list
[1, 2, 2, 1] | unique | list
['a', 'A', 'b'] | unique | list
['a', 'A', 'b'] | unique(true) | list
[1, 1.0, true] | unique | list
[[1], [1]] | unique | list
messages | unique(attribute='role') | list | length
messages | groupby('role') | map(attribute='grouper') | list
(messages | groupby('role'))[0].list | length
(messages | groupby('role'))[0][0]
[{'a': 'x'}, {'a': 'X'}, {'a': 'y'}] | groupby('a')
[{'a': 1}, {'b': 1}] | groupby('a', default=0)
[{'a': 'x'}, {'a': 'X'}] | groupby('a', case_sensitive=true) | length
[1, 2, 3, 4, 5] | batch(2) | list
[1, 2, 3] | batch(2, 'x') | list
[1, 2, 3, 4, 5] | slice(3) | list
[1, 2, 3, 4] | slice(3, 'x') | list
[1] | slice(0) | list
1 | slice(2) is mapping
1 | slice(2) | list
none | batch(2) is iterable
none | batch(2) | list
[1] | batch
{'b': 1, 'A': 2} | dictsort
{'b': 1, 'A': 2} | dictsort(true)
{'b': 1, 'a': 2} | dictsort(by='value')
{'b': 1, 'a': 2} | dictsort(reverse=true)
{'b': 1} | dictsort(by='x')
[1] | dictsort
{'a': 1} | attr('items') is callable
{'a': 1} | attr('a')
'a' | attr('upper') is callable
namespace(a=1) | attr('a')
[1, 2, 3] | random is number
[] | random is defined
'a b'|urlencode
'a/b?c=d&e' | urlencode
{'a': 'b c', 'd': 'é/'} | urlencode
[('a', 1)] | urlencode
1 | urlencode
'<p>a</p>'|striptags
'<b>a</b> <!-- c --> x  &lt; y' | striptags
html | e
html | escape | e
html | forceescape
html | safe
html | safe ~ '<'
(html | safe) + '<'
'<' + ('>' | safe)
('<' | e) * 2
('<' | e) is escaped
'<' is escaped
('<' | safe).upper()
'<a>' | e | upper
[('<' | e)]
'foo bar' | wordcount
'a-b c_d é' | wordcount
'' | wordcount
'foo bar baz' | truncate(7)
'foo bar baz qux' | truncate(9)
'foo bar baz qux' | truncate(9, true)
'foo bar baz qux' | truncate(9, false, '!', 0)
'foo bar baz qux' | truncate(9, leeway=0)
'foobarbazquxquux' | truncate(9)
'foo' | truncate(2)
1 | truncate
'x'|center(5) ~ '|'
'a\n b' | wordwrap(3)
'The quick brown fox jumps' | wordwrap(10)
'The quick brown fox jumps' | wordwrap(10, wrapstring='|')
'abcdefghijkl mno' | wordwrap(5)
'abcdefghijkl mno' | wordwrap(5, false)
'well-known words here' | wordwrap(7)
'{}-{} a-b-cdefgh' | wordwrap(4)
'--abc-def' | wordwrap(3)
'abc--def ghi---jkl -- m --no' | wordwrap(4)
'abc--def x-y-zz 12-34 ab-12 _a-bc-d-ef' | wordwrap(5)
'well-known a-b-cd' | wordwrap(5, break_on_hyphens=false)
'a\n\nb' | wordwrap(3)
'a' | wordwrap(0)
'a\nb\n\nc' | indent
'a\nb' | indent(2)
'a\nb' | indent(2, true)
'a\n\nb' | indent(2, blank=true)
'a\nb' | indent('> ')
'a\nb' | indent(width='> ', first=true)
'' | indent
1 | indent
'a-b' | replace('-', '+')
'aaa' | replace('a', 'b', 2)
'a1' | replace(1, 2)
1 | replace(1, 2)
none | replace('o', 'x')
'abc' | replace('a')
'abc' | replace('', '-')
1000 | filesizeformat
1 | filesizeformat
999 | filesizeformat
1500000 | filesizeformat
1024 | filesizeformat(true)
'2000' | filesizeformat
'x' | filesizeformat
{'b': 1, 'a': [2, 'x']} | pprint
{'a': 'x', 'b': none, 'c': '<'} | xmlattr
{'a b': 1} | xmlattr
{'a': 1} | xmlattr(false)
[1, none, true, {}] | tojson
{'a': 'é <b> "it\'s"'} | tojson
{'a':1,'b':2} | tojson(separators=(',', ':'))
{'b':1,'a':2} | tojson(sort_keys=true)
{'a':'é😀'} | tojson(ensure_ascii=true)
{'a': [1, 2], 'b': {}, 'c': []} | tojson(indent=2)
{'a': [1, 2]} | tojson(indent=0)
{'a': [1, 2]} | tojson(indent='\t')
{'a': [1, 2]} | tojson(indent=none)
{'a': [1, 2]} | tojson(true, 1)
{'a': 1} | tojson(indent=4, separators=(',', ':'))
{'a': 1} | tojson(nothing=1)
{1: 2, none: 3, true: 4, 1.5: 5} | tojson
{(1, 2): 3} | tojson
(1, 2) | tojson
'\x7f\x01\u200b\b\f\n\r\t/' | tojson
'\x7f' | tojson(ensure_ascii=true)
1e-7 | tojson
'inf' | float | tojson
range(3) | tojson
{'a': 1}.items() | tojson
namespace(a=1) | tojson
{'a': missing} | tojson
{'b': 1, 1: 2} | tojson(sort_keys=true)
messages | tojson
'a' | tojson | tojson
'a' | safe | tojson
1 is number
true is number
1.5 is float
1 is float
1 is integer
true is integer
true is boolean
1 is boolean
true is true
1 is true
false is false
none is none
missing is none
missing is defined
missing is undefined
'a' is string
1 is string
{} is mapping
[] is mapping
'abc' is lower
'ABC' is upper
1 is lower
none is lower
'None' is upper
3 is odd
4 is even
3.0 is odd
'a' is odd
4 is divisibleby 2
4 is divisibleby(3)
4 is divisibleby 0
4 is divisibleby
1 is eq 1
1 is ne 2
1 is sameas 1
true is sameas true
1 is sameas true
none is sameas none
[] is sameas []
1 is lt 2
1 is lessthan 2
2 is ge 2
2 is gt 1 and 1 is lt 2
'a' is in 'abc'
'a' is in ['b']
1 is not in [1]
1 is in 1
'upper' is filter
'nothing' is filter
'odd' is test
'nothing' is test
1 is nothing
1 | nothing
1 is defined is true
1 is not defined
not 1 is defined
1 is == 1
-1 is number
-1 | abs
-1 | string | length
'a' 'b' 'c'
'a' "b" | upper
'\x41\u00e9\101\n\q'
'\é'
'\u00'
'a\
b'
"\"" ~ '\''
[1, 2,]
{'a': 1,}
(1, 2,)
[1 2]
{'a' 1}
{1}
[,]
'abc
(1
1 +
* 2
1 ! 2
1 = 2
1 == 
a.b.
a..b
a[]
f(a=1, 2)
f(*a, *b)
f(**a, b=1)
range(*[3])|list
range(*[1, 3])|list
dict(**{'a': 1})
dict(**none)
range(*none)
dict(a=1, **{'a': 2})
dict(a=1, a=2)
'{a}'.format(**{'a': 1})
'{}'.format(*[1])
strftime_now('%Y-%m-%d')
strftime_now('%d %b %Y')
strftime_now('%-d/%-m/%y')
strftime_now('%e|%k|%l|%_d|%0e')
strftime_now('%A %a %B %b %h %j %-j')
strftime_now('%H:%M:%S %I:%M %p %P')
strftime_now('%U %W %V %G %g %u %w %C')
strftime_now('%c|%x|%X|%D|%F|%T|%R|%r')
strftime_now('%%|%n|%t|%f|%z|%Z|')
strftime_now('%Q %')
strftime_now('%^a %^B %#p %#a')
strftime_now('%10d|%-10d|%_5Y|%3j')
strftime_now('%Ey %Od')
strftime_now('é %Y ü')
strftime_now()
strftime_now(1)
strftime_now('%s')|length
raise_exception('no')
raise_exception()
messages[0]['content'] | trim
messages[0].role == 'system' and messages | length > 1
messages[1:] | map(attribute='role') | join(',')
messages[-1]['content'].strip().split('x')[-1]
messages | last is mapping
(messages | first).role
messages[0].get('tool_calls')
messages[0].tool_calls is defined and messages[0].tool_calls
'content' in messages[0]
messages[2].tools[0]['name']
messages[0] | tojson
messages[0].items() | list
bos_token + 'x'
add_generation_prompt
documents is none
tools is not none
not tools
"""

# Whole templates.
TEMPLATES = [
    "{% for x in none %}a{% endfor %}|",
    "{% for x in missing %}a{% else %}b{% endfor %}|",
    "{% for x in 1 %}a{% endfor %}|",
    "{% for x in [] %}a{% else %}b{% endfor %}|",
    "{% for x in [1] %}{% break %}{% else %}b{% endfor %}|",
    "{% for x in [1, 2] %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% else %}b{% endfor %}|",
    "{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}|",
    "{% for c in 'añb' %}{{ c }}.{% endfor %}",
    "{% for k in {'a': 1, 'b': 2} %}{{ k }}{% endfor %}",
    "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in {'a': 1}|items %}{{ k }}={{ v }};{% endfor %}",
    "{% for a, b in [(1, 2), [3, 4]] %}{{ a + b }};{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for a, b in [(1,)] %}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}",
    "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}",
    "{% for x in (1, 2) if x > 1 %}{{ x }}{% endfor %}",
    "{% for x in range(10) if x is odd %}{{ loop.index }}:{{ x }}/{{ loop.length }}{{ loop.last }} {% endfor %}",
    "{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for x in [1, 2, 3] %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.previtem is defined }};{% endfor %}",
    "{% for x in [1, 2, 3] %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in [1] %}{{ loop.cycle() }}{% endfor %}",
    "{% for x in [1] %}{{ loop.nothing }}{{ loop }}{% endfor %}",
    "{% for x in [1, 2] %}{% for y in [3, 4] %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for x in [1, 2] %}{% set outer = loop %}{% for y in [3] %}{{ outer.index }}{{ loop.index }}{% endfor %}{% endfor %}",
    "{% for x in [[1, [2]], 3] recursive %}{% if x is sequence %}[{{ loop(x) }}]{{ loop.depth }}{% else %}{{ x }}{{ loop.depth0 }}{% endif %}{% endfor %}",
    "{% for x in [1] %}{{ loop([1]) }}{% endfor %}",
    "{% for x in [1, 2]|map('string') %}{{ loop.last }}{{ loop.length }}{% endfor %}",
    "{% for x in [1, 2]|map('string') %}{{ loop.index }}{% endfor %}",
    "{% set ns = namespace(found=false) %}{% for x in [1, 2, 3] if not ns.found %}{{ x }}{% set ns.found = true %}{% endfor %}",
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }};{% endfor %}{{ x }}",
    "{% for x in [1] %}{% set y = x %}{% endfor %}{{ y }}|",
    "{% if true %}{% set y = 1 %}{% endif %}{{ y }}",
    "{% if missing %}a{% elif none %}b{% elif '' %}c{% else %}d{% endif %}",
    "{% if missing.x %}a{% endif %}",
    "{% if 1, 2 %}a{% endif %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set a = 1, 2 %}{{ a }}",
    "{% set (a, b) = [1, 2] %}{{ a }}{{ b }}",
    "{% set a, b = 1 %}",
    "{% set true = 1 %}",
    "{% set a %}x{{ 1 }}{% endset %}{{ a }}{{ a is string }}{{ a is escaped }}",
    "{% set a | upper | replace('X', 'y') %}x{% endset %}{{ a }}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}{{ ns }}",
    "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}",
    "{% set ns = namespace() %}{% set ns._a = 1 %}",
    "{% set d = {} %}{% set d.a = 1 %}",
    "{% set missing.a = 1 %}",
    "{% set ns = namespace(a=[]) %}{% for i in range(3) %}{% set ns.a = ns.a + [i] %}{% endfor %}{{ ns.a }}",
    "{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}|",
    "{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}|",
    "{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(b=4, a=5) }}{{ f() }}",
    "{% macro f(a) %}{{ a is defined }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f() }}{{ f(1,2,x=3) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=1) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, a=1) }}",
    "{% macro f(a, b=a) %}{{ b }}{% endmacro %}{{ f(1) }}",
    "{% macro f(a=1, b) %}{% endmacro %}",
    "{% macro f(a) %}{{ a.x }}{% endmacro %}{{ f() }}",
    "{% macro f() %}x{% endmacro %}{{ f }}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f.caller }}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro f() %}<b>{% endmacro %}{{ f() }}{{ f() is string }}{{ f() ~ '<' }}{{ f() is escaped }}",
    "{% set x = 1 %}{% macro f() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ f() }}",
    "{% macro f() %}{% set z = 1 %}{% endmacro %}{{ f() }}{{ z }}|",
    "{% for i in [1] %}{% macro f() %}{{ i }}{% endmacro %}{{ f() }}{% endfor %}",
    "{% macro f() %}[{{ caller() }}]{% endmacro %}{% call f() %}x{% endcall %}",
    "{% macro f() %}[{{ caller(1, 2) }}]{% endmacro %}{% call(a, b) f() %}{{ a }}{{ b }}{% endcall %}",
    "{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}",
    "{% macro f() %}x{% endmacro %}{% call f() %}y{% endcall %}",
    "{% call 1 %}y{% endcall %}",
    "{% filter upper %}a{{ 'b' }}{% endfilter %}",
    "{% filter replace('a', 'b') | upper %}a{% endfilter %}",
    "{% generation %}\nx{%- endgeneration -%} y",
    "a{% generation %}{% set q = 1 %}{{ q }}{% endgeneration %}{{ q }}|",
    "{% for m in messages %}{% if m.role == 'assistant' %}{%- generation -%}{{ m.content }}{%- endgeneration -%}{% endif %}{% endfor %}",
    "{% generation %}x",
    "{% block a %}x{% endblock %}{{ self.a() }}",
    "{% block a %}x{% endblock b %}",
    "{% set q = 1 %}{% block a %}{{ q }}{{ bos_token }}{% endblock %}",
    "{% for i in [1] %}{% block a %}{{ i }}{% endblock %}{% endfor %}|",
    "{% print 1 %}{% print 1, 2 %}",
    "{% raw %}{{ x }}{% endraw %}|",
    "{% raw -%}  x  {%- endraw %}|",
    "{% raw %}\n x\n  {% endraw %}\ny",
    "{# c #}a{#- d -#} b {#\n e #}\nf",
    "  {# c #}\n  x",
    "  {% if true %}\n  x\n  {% endif %}\ny\n",
    "  {%+ if true %}\n  x\n  {%+ endif %}\ny\n\n",
    "a\n  {%- if true %} b {% endif -%}  \n c",
    "  {{ 1 }}  \n  {{- 2 -}}  \n  3",
    "x {%- set a = 1 +%}\ny",
    "x\n\t {% set a = 1 %}\t\ny",
    "a\r\nb\rc\r\n",
    "a\n\n",
    "\n",
    "",
    "{{ '\r\n' }}|{{ 'a\rb' | length }}",
    "\u00a0{% if true %}x{% endif %}\u00a0{%- if true %}y{% endif %}",
    "{{ 'a' }}\n{{ 'b' }}",
    "{{- ' a ' -}} b",
    "{{'}}'}}{{ {'a': {'b': 1}} }}",
    "{{ '{% if %}' }}{{ '{{' }}",
    "{ { x } } {a} % } #}",
    "{% if true %}{{ 1 | nothing }}{% endif %}",
    "{% if false %}{{ 1 | nothing }}{% endif %}ok",
    "{{ 1 | nothing if false else 2 }}",
    "{% macro f() %}{{ 1 | nothing }}{% endmacro %}ok",
    "{% for x in [] %}{{ x | nothing }}{% endfor %}ok",
    "{% if false %}{% for x in [] %}{{ x is nothing }}{% endfor %}{% endif %}ok",
    "{% set g = [1, 2]|map('string') %}{{ g|list }}{{ g|list }}",
    "{% set g = [1, 2]|select %}{{ 1 in g }}{{ g|list }}",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set _ = c.reset() %}{{ c.next() }}",
    "{% set j = joiner() %}{{ j() }}a{{ j() }}b",
    "{% set a = [1] %}{{ a is sameas a }}{{ a == [1] }}",
    "{% set é = 1 %}{{ é }}",
    "{% set a1_b = 1 %}{{ a1_b }}",
    "{% set loop = 1 %}{{ loop }}",
    "{% set self = 1 %}{{ self }}",
    "{% set messages = messages[1:] %}{{ messages|length }}",
    "{% for message in messages %}{% set messages = [] %}{% endfor %}{{ messages|length }}",
    "{%- for message in messages -%}\n  {{- message['role'] + ':' + message['content'] | trim -}}\n  {%- if not loop.last %}, {% endif -%}\n{%- endfor -%}",
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('No \"system\" role') }}{% endif %}",
    "{% if x %}",
    "{% endif %}",
    "{% if true %}{% endfor %}",
    "{% for %}{% endfor %}",
    "{% for x in [1] %}",
    "{% else %}",
    "{% if true %}{% else %}{% else %}{% endif %}",
    "{% unknown %}",
    "{% break %}",
    "{% continue %}",
    "{% for x in [1] %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for x in [1] %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% for x in [1] %}{% else %}{% break %}{% endfor %}",
    "{% do 1 %}",
    "{% set x %}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    "{% from 'x' import y %}",
    "{{",
    "{{ x",
    "{{ x }",
    "{% if",
    "{# x",
    "{% raw %}x",
    "{{ }}",
    "{{ (1] }}",
    "{{ 1) }}",
    "{% if: true %}x{% endif %}",
    "{% if true: %}x{% endif %}",
    "{{ 1;2 }}",
    "{{ $ }}",
    "{{ 'a' if true else }}",
    "{% set x = %}",
    "{% set x.y.z = 1 %}",
    "{% set x[0] = 1 %}",
    "{% set 'x' = 1 %}",
    "{% for x.y in [1] %}{% endfor %}",
    "{% macro f(a, a) %}{% endmacro %}ok",
    "{% macro f(1) %}{% endmacro %}",
    "{% if true %}a{% if false %}b{% endif %}c{% endif %}{% if true -%} d {%- endif %}",
]


def main():
    rows = [("{{ " + line + " }}") for line in EXPRESSIONS.replace("a\\\nb", "a\\\x00b").strip().split("\n")]
    rows = [row.replace("\x00", "\n") for row in rows] + TEMPLATES
    class Fixed(datetime.datetime):
        @classmethod
        def now(cls, *_):
            return cls(*NOW.timetuple()[:6])

    chat_template_utils.datetime = Fixed
    context = json.dumps(CONTEXT)
    print(json.dumps({"context": CONTEXT, "now": int(NOW.replace(tzinfo=datetime.timezone.utc).timestamp())}, ensure_ascii=False))
    for template in rows:
        row = {"template": template}
        try:
            compiled = chat_template_utils._compile_jinja_template(template)
            row["text"] = compiled.render(**json.loads(context))
            json.dumps(row["text"]).encode()
            row["text"].encode()
            if re.search(r" at 0x[0-9a-f]+>", row["text"]):
                print("not the same twice: " + template, file=sys.stderr)
                continue
        except Exception as error:  # whatever Python refuses, we refuse
            row.pop("text", None)
            row["error"] = f"{type(error).__name__}: {error}"[:200]
        print(json.dumps(row, ensure_ascii=False))


main()
