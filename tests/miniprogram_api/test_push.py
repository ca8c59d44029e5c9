"""Pushes: WeChat's documented vectors, its dresses, and what is no push of WeChat's."""

from datetime import UTC, datetime

import msgspec
import pytest
from wechatpy.crypto import PrpCrypto, WeChatCrypto

from miniprogram_api.push import BODY_LIMIT, Entry, Pushed, PushGate, PushRefused, Signed
from miniprogram_api.simulator_pushes import sign
from miniprogram_api.xml_messages import NotAMessage, read_xml

TOKEN, KEY, APPID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv"
    "6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNq"
    "J4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
"""The safe-mode sample of WeChat's page 消息推送."""
NOW = 1_714_112_445


def gate(aes_key: str = "", at: int = NOW) -> PushGate:
    return PushGate(APPID, TOKEN, aes_key, lambda: datetime.fromtimestamp(at, UTC))


def signed(*sealed: str, at: int = NOW, nonce: str = "415670741") -> Signed:
    """A right signature, of a plain push or of a sealed text."""
    return Signed(
        timestamp=str(at),
        nonce=nonce,
        signature=sign(TOKEN, str(at), nonce),
        msg_signature=sign(TOKEN, str(at), nonce, *sealed),
    )


def sealed_body(text: str, appid: str = APPID) -> tuple[Signed, bytes]:
    encrypted = PrpCrypto(WeChatCrypto(TOKEN, KEY, appid).key).encrypt(text, appid).decode()
    return signed(encrypted), msgspec.json.encode({"ToUserName": "gh_1", "Encrypt": encrypted})


def test_the_documented_trial_of_an_address_passes() -> None:
    trial = Signed(
        timestamp="1714036504", nonce="1514711492", signature="f464b24fc39322e44b38aa78f5edd27bd1441696"
    )
    assert gate(at=1_714_036_504).check_echo(trial, "4375120948345356249") == "4375120948345356249"


def test_the_documented_plain_push_passes() -> None:
    head = Signed(
        timestamp="1714037059", nonce="486452656", signature="899cf89e464efb63f54ddac96b0a0a235f53aa78"
    )
    body = (
        b'{"ToUserName": "gh_97417a04a28d", "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", '
        b'"CreateTime": 1714037059, "MsgType": "event", "Event": "debug_demo", "debug_str": "hello world"}'
    )
    pushed = gate(at=1_714_037_059).read(head, body)
    assert (pushed.kind, pushed.openid) == ("debug_demo", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY")


def test_the_documented_safe_push_opens() -> None:
    head = Signed(
        timestamp="1714112445",
        nonce="415670741",
        signature="6c5c811b55cc85e0e1b54100749188c20beb3f5d",
        msg_signature="046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    )
    body = msgspec.json.encode({"ToUserName": "gh_97417a04a28d", "Encrypt": SEALED})
    pushed = gate(KEY).read(head, body)
    assert pushed.kind == "debug_demo"
    assert pushed.content["debug_str"] == "hello world"


def test_the_documented_signature_of_a_reply_is_the_simulator_s() -> None:
    reply = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    assert sign(TOKEN, "1713424427", "415670741", reply) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"


XML = """<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oLi]]></FromUserName>
<CreateTime>1610969440</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>
<{nest}>{lists}</{nest}></xml>"""
ACCEPT = """<List><TemplateId><![CDATA[T1]]></TemplateId>
<SubscribeStatusString><![CDATA[accept]]></SubscribeStatusString><PopupScene>2</PopupScene></List>"""


def popup(lists: str) -> bytes:
    return XML.format(event="subscribe_msg_popup_event", nest="SubscribeMsgPopupEvent", lists=lists).encode()


@pytest.mark.parametrize(
    ("body", "entries"),
    [
        (popup(ACCEPT), 1),
        (popup(ACCEPT + ACCEPT.replace("T1", "T2")), 2),
        (popup(""), 0),
        (
            b'{"FromUserName":"oLi","Event":"e","List":{"TemplateId":"T1","SubscribeStatusString":"accept"}}',
            1,
        ),
        (
            b'{"FromUserName":"oLi","Event":"e","List":[{"TemplateId":"T1","SubscribeStatusString":"accept"}]}',
            1,
        ),
        (b'{"FromUserName":"oLi","Event":"e","X":{"List":[{"TemplateId":"T1"},{"TemplateId":"T2"}]}}', 2),
        (b'{"FromUserName":"oLi","Event":"e","List":"odd"}', 0),
    ],
    ids=["xml one", "xml two", "xml none", "json object", "json array", "json nested", "odd"],
)
def test_a_list_is_read_in_every_dress(body: bytes, entries: int) -> None:
    pushed = gate().read(signed(), body)
    assert len(pushed.entries) == entries
    assert all(entry.template in ("T1", "T2") for entry in pushed.entries)


def test_numbers_may_be_texts_and_texts_numbers() -> None:
    event = '{{"FromUserName":"oLi","CreateTime":{0},"Event":"s","List":{{"MsgID":{1},"ErrorCode":{2}}}}}'
    one = gate().read(signed(), event.format(1, 1864323726461255680, 0).encode())
    other = gate().read(signed(), event.format('"1"', '"1864323726461255680"', '"0"').encode())
    assert one.entries == other.entries == (Entry(template="", message="1864323726461255680", error="0"),)


def test_the_one_who_revokes_is_not_the_sender() -> None:
    body = b'{"FromUserName":"oPlatform","Event":"user_authorization_revoke","OpenID":"oLi","AppID":"wx1"}'
    pushed = gate().read(signed(), body)
    assert (pushed.openid, pushed.appid) == ("oLi", "wx1")


def read(body: str, nonce: str = "1") -> Pushed:
    return gate().read(signed(nonce=nonce), body.encode())


def test_a_repetition_has_the_same_key_and_another_push_another() -> None:
    event = '{"FromUserName":"oLi","CreateTime":1,"Event":"s","List":{"MsgID":"%d"}}'
    text = '{"FromUserName":"oLi","CreateTime":%d,"MsgType":"text","MsgId":23238420349,"Content":"hi"}'
    assert read(event % 1).key == read(event % 1, nonce="2").key
    assert read(event % 1).key != read(event % 2).key
    assert read(text % 1).key == read(text % 2).key == "message:23238420349"


@pytest.mark.parametrize("text", ['{"FromUserName":"oLi","MsgType":"text"}', popup(ACCEPT).decode()])
def test_a_sealed_push_is_json_or_xml_within(text: str) -> None:
    head, body = sealed_body(text)
    assert gate(KEY).read(head, body).openid == "oLi"
    encrypted = msgspec.json.decode(body)["Encrypt"]
    dressed = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    assert gate(KEY).read(head, dressed.encode()).openid == "oLi"


def test_mixed_mode_counts_by_what_is_sealed() -> None:
    head, body = sealed_body('{"FromUserName":"oLi","MsgType":"text"}')
    forged = {**msgspec.json.decode(body), "FromUserName": "oForged", "Event": "x"}
    assert gate(KEY).read(head, msgspec.json.encode(forged)).openid == "oLi"


PLAIN = b'{"FromUserName":"oLi","MsgType":"text"}'


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_old_or_future_push_is_refused(seconds: int) -> None:
    with pytest.raises(PushRefused) as caught:
        gate(at=NOW + seconds).read(signed(), PLAIN)
    assert caught.value.cause == "time"
    gate(at=NOW + (300 if seconds > 0 else -300)).read(signed(), PLAIN)


@pytest.mark.parametrize(
    "head",
    [
        Signed(timestamp=str(NOW), nonce="1"),
        Signed(timestamp=str(NOW), nonce="1", signature="é"),
        Signed(timestamp=str(NOW), nonce="2", signature=sign(TOKEN, str(NOW), "1")),
        Signed(timestamp="", nonce="1", signature=sign(TOKEN, "", "1")),
        Signed(timestamp="soon", nonce="1", signature=sign(TOKEN, "soon", "1")),
        Signed(timestamp=str(NOW), nonce="1", signature=sign("other", str(NOW), "1")),
    ],
    ids=["none", "not ascii", "other nonce", "no time", "no number", "other token"],
)
def test_a_wrong_signature_is_refused(head: Signed) -> None:
    with pytest.raises(PushRefused):
        gate().read(head, PLAIN)
    with pytest.raises(PushRefused):
        gate().check_echo(head, "echo")


def test_safe_mode_takes_no_plain_push_however_well_signed() -> None:
    with pytest.raises(PushRefused) as caught:
        gate(KEY).read(signed(), PLAIN)
    assert caught.value.cause == "not_encrypted"


def test_a_push_of_another_app_is_refused() -> None:
    head, body = sealed_body(PLAIN.decode(), appid="wx0000000000000000")
    with pytest.raises(PushRefused) as caught:
        gate(KEY).read(head, body)
    assert caught.value.cause == "envelope"


@pytest.mark.parametrize("sealed", ["", "AAAA", "é", "A" * 64, "=", "!" * 44, "A" * 42 + "=="])
def test_an_envelope_that_does_not_open_is_refused(sealed: str) -> None:
    with pytest.raises(PushRefused):
        gate(KEY).read(signed(sealed), msgspec.json.encode({"Encrypt": sealed}))


LAUGHS = (
    '<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><xml><FromUserName>oLi</FromUserName>'
    "<MsgType>text</MsgType><Content>&b;</Content></xml>"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"FromUserName":"oLi"}',
        b'{"MsgType":"text"}',
        b"\xff\xfe",
        b'{"a":' + b"[" * 5000,
        b"<xml>" * 2000,
        b"<xml></xml>",
        b"<html><body/></html>",
        b"<xml><a></xml>",
        b"<xml>&undefined;</xml>",
        LAUGHS.encode(),
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a/></xml>',
        b"{" + b" " * BODY_LIMIT + b"}",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(PushRefused):
        gate().read(signed(), body)


def test_a_document_type_in_a_person_s_words_is_only_words() -> None:
    content = read_xml("<xml><Content><![CDATA[<!DOCTYPE x>]]></Content></xml>")
    assert content == {"Content": "<!DOCTYPE x>"}


def test_an_xml_declaration_does_not_change_the_encoding() -> None:
    with pytest.raises(NotAMessage):
        read_xml("<?xml version='1.0' encoding='utf-16'?><xml><a/></xml>"[:20])
    assert read_xml("<?xml version='1.0' encoding='gbk'?><xml><a>中</a></xml>") == {"a": "中"}
