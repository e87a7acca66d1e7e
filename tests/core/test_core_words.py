"""Lists of words as people keep them."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError
from core.tabular.words import read_words

HEADERS = ("keyword", "关键词")


@pytest.mark.parametrize(
    "text",
    [
        "口红\n护肤\n",
        "口红\r\n\r\n 护肤 \r\n口红",
        "口红，护肤",
        "口红, 护肤; 口红",
        "关键词\n口红\n护肤\n",
        "编号;关键词;备注\n1;口红;x\n2;护肤;\n;;\n",
        "Keyword\tno\n口红\t1\n护肤\t2\n",
        '关键词,备注\n"口红","a,b"\n护肤,\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_words_are_the_same_in_every_form(text: str, encoding: str) -> None:
    found = read_words(text.encode(encoding), "words.txt", HEADERS)
    assert found.words == ("口红", "护肤")
    assert bool(found.notes) is (encoding in ("gb18030", "utf-16")), found.notes


@pytest.mark.parametrize("content", [b"", b" \n,;\n", "关键词\n\n".encode(), b"\xff\xfe\x00"])
def test_a_list_without_words_is_an_error(content: bytes) -> None:
    with pytest.raises(InvalidInputError):
        read_words(content, "words.txt", HEADERS)
