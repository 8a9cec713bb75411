"""The content policy of the console, as a browser keeps it: everything works under it, and nothing gets past it."""

from __future__ import annotations

import pytest

TRIED = {
    "a script in markup": "document.body.innerHTML = '<img src=x onerror=\"window.ran = true\">'",
    "a text as a script": "setTimeout('window.ran = true', 0) || new Promise(done => setTimeout(done, 1))",
    "a text that is run": "new Promise((done, failed) => setTimeout(() => { try { done(eval('window.ran = true')) } catch (error) { failed(error) } }))",
    "a script of its own": "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' }))",
    "a script from a blob": "import(URL.createObjectURL(new Blob(['window.ran = true'], { type: 'text/javascript' })))",
    "another policy": "trustedTypes.createPolicy('mine', { createHTML: (text) => text })",
    "the policy of Svelte again": "trustedTypes.createPolicy('svelte-trusted-html', { createHTML: (text) => text })",
    "a form": "document.body.append(Object.assign(document.createElement('form'), { action: '/v1/session', method: 'post' })) "
    "|| document.forms[document.forms.length - 1].submit()",
    "another base": "document.head.append(Object.assign(document.createElement('base'), { href: 'http://127.0.0.1:1/' })) "
    "|| fetch(new URL('x', document.baseURI))",
}  # fmt: skip


@pytest.mark.parametrize("how", TRIED)
@pytest.mark.promise("SIGNIN-18")
def test_nothing_that_a_page_is_made_to_do_runs_another_script(consoles, alpha, how):
    otto = consoles.opened(alpha, by="otto", at="watch")
    otto.page.locator("canvas").first.wait_for()  # the map is there, and its worker
    assert otto.faults == []
    thrown = otto.page.evaluate(
        f"(async () => {{ try {{ await ({TRIED[how]}) }} catch (error) {{ return String(error) }} return '' }})()"
    )
    otto.page.wait_for_function(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    )
    assert thrown or otto.faults
    otto.faults.clear()
    assert otto.page.evaluate("window.ran") is None
