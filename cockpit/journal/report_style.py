"""How the report's page looks: quiet, readable in light and dark, and on paper."""

STYLE = """
:root{color-scheme:light dark;--ink:#1c2128;--faint:#667085;--rule:#d8dee6;--page:#ffffff;--card:#f5f7fa;
--won:#11734b;--lost:#b42318;--line:#1f5fbf}
@media (prefers-color-scheme:dark){:root{--ink:#e2e6ec;--faint:#8d97a6;--rule:#2c343f;--page:#12161b;--card:#1a2028;
--won:#4cc38a;--lost:#ff7b72;--line:#6cb0ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
header p,figcaption,.none{color:var(--faint);margin:.2rem 0 1rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1rem 0}
.cards div{background:var(--card);border-radius:.5rem;padding:.6rem .8rem}
.cards span{display:block;color:var(--faint);font-size:.8rem}.cards b{font-size:1.15rem}
figure{margin:1.2rem 0}svg{width:100%;height:auto;display:block}
svg text{fill:var(--faint);font:11px system-ui,sans-serif}svg .end{text-anchor:end}svg .edge{text-anchor:middle}
.level{stroke:var(--rule)}.zero{stroke:var(--faint)}.curve{fill:none;stroke:var(--line);stroke-width:1.6}
.area{fill:var(--line);opacity:.14}rect.won{fill:var(--won)}rect.lost{fill:var(--lost)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
th.number,td.number{text-align:right}
th{color:var(--faint);font-weight:600}.won{color:var(--won)}.lost{color:var(--lost)}
@media print{:root{--ink:#000;--faint:#444;--rule:#bbb;--page:#fff;--card:#fff;--won:#0b5c3b;
--lost:#9b1c13;--line:#123f85}
body{max-width:none;padding:0;font-size:11px}figure,tr{break-inside:avoid}.cards div{border:1px solid var(--rule)}}
"""
