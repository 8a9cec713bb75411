"""Texts that are compared and looked at, whatever they are made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keepclear.ground.lookalike import alike, looks, plain, steering

letters = st.sampled_from(
    "AaBbIil1|O0о\u0410\u0412\u0432\u0397\u03b7ßẞſΣσςİıﬁĳ٥५ꭰ\u202e\u200d\u0640\u0301\u3164 -rnmvwcld"
)
texts = st.text(max_size=12) | st.text(letters, max_size=12)


@given(texts)
def test_what_is_made_plain_is_plain(text):
    assert plain(plain(text)) == plain(text)


@given(texts)
def test_a_text_is_alike_with_itself_however_it_is_written_if_anything_of_it_is_seen(text):
    for form in (text, text.upper(), text.casefold(), plain(text), f"\u202e{text}\u200b"):
        assert alike(text, form) or not looks(text)
        assert alike(form, text) == alike(text, form)


@given(texts)
def test_nothing_that_is_seen_steers(text):
    seen = "".join(ch for ch in text if ch not in steering(text))
    assert steering(seen) == ""
    assert looks(seen) == looks(text)
