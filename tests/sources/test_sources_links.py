"""Every form of link, ids, share texts, and what is no video."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInputError
from sources.links import ShortLink, VideoLink, recognise, urls_in
from tests.support.messages import raises_saying

BV, AV = "BV1GJ411x7h7", 80433022
YT = "dQw4w9WgXcQ"
AWEME = "7448118827402972455"
FORMS = {
    "bilibili": (
        BV,
        [
            f"https://www.bilibili.com/video/{BV}",
            f"https://www.bilibili.com/video/{BV}/?p=2&vd_source=abc#reply1",
            f"https://m.bilibili.com/video/{BV}?share_source=copy_web",
            f"http://bilibili.com/video/av{AV}",
            f"https://www.bilibili.com/video/AV{AV}/",
            f"https://www.bilibili.com/video/{BV.replace('BV', 'bv')}",
            f"https://www.bilibili.com/festival/jzj2023?bvid={BV}",
            f"https://b23.tv/{BV}",
            f"https://b23.tv/av{AV}",
            f"WWW.BILIBILI.COM/video/{BV}",
            f"//www.bilibili.com/video/{BV}",
            f"https://bili2233.cn/{BV}",
            f"https://player.bilibili.com/player.html?aid={AV}&cid=1",
            f"https://player.bilibili.com/player.html?bvid={BV}",
            f"https://www.bilibili.com/list/watchlater?oid={AV}",
            f"https://www.bilibili.com/list/ml1?oid=1&bvid={BV}",
            f"https://www.bilibili.com/medialist/play/ml1/{BV}",
            f"https://bilibili.com/{BV}",
            f"bilibili://video/{AV}?page=0",
            f"bilibili://video/{BV}",
        ],
    ),
    "youtube": (
        YT,
        [
            f"https://www.youtube.com/watch?v={YT}",
            f"https://youtube.com/watch?app=desktop&v={YT}&list=PL1&t=5s",
            f"https://m.youtube.com/watch?v={YT}",
            f"https://music.youtube.com/watch?v={YT}&si=x",
            f"https://youtu.be/{YT}?si=abc",
            f"https://www.youtube.com/embed/{YT}?start=1",
            f"https://www.youtube-nocookie.com/embed/{YT}",
            f"https://www.youtube.com/shorts/{YT}",
            f"https://www.youtube.com/live/{YT}?feature=share",
            f"https://www.youtube.com/v/{YT}",
            f"https://www.youtube.com/watch?a=1&amp;v={YT}",
            f"https://www.youtube.com:443/watch?v={YT}",
            f"https://www.youtube.com./watch?v={YT}",
            f"https://youtu.be./{YT}",
            f"youtu.be/{YT}",
            f"https://www.youtube.com/e/{YT}",
            f"https://www.youtube.com/watch/{YT}",
            f"https://www.youtube.com/attribution_link?a=x&u=%2Fwatch%3Fv%3D{YT}%26feature%3Dshare",
            f"https://www.youtube.com/watch%3Fv={YT}",
            f"https://www.youtube.com/watch%3fv%3D{YT}",
        ],
    ),
    "douyin": (
        AWEME,
        [
            f"https://www.douyin.com/video/{AWEME}",
            f"https://www.douyin.com/video/{AWEME}?previous_page=web_code_link",
            f"https://www.douyin.com/note/{AWEME}",
            f"https://www.douyin.com/discover?modal_id={AWEME}",
            f"https://www.douyin.com/user/MS4w?modal_id={AWEME}&x=1",
            f"https://www.douyin.com/user/MS4w?vid={AWEME}",
            f"https://www.iesdouyin.com/share/video/{AWEME}/?region=CN&mid=1",
            f"https://www.iesdouyin.com/share/note/{AWEME}/",
            f"https://www.iesdouyin.com/share/slides/{AWEME}/?x=1",
            f"https://www.iesdouyin.com/share/another/kind/{AWEME}/",
            f"https://www.douyin.com/jingxuan?aweme_id={AWEME}",
        ],
    ),
    "tiktok": (
        AWEME,
        [
            f"https://www.tiktok.com/@some.one/video/{AWEME}",
            f"https://www.tiktok.com/@some.one/video/{AWEME}?_r=1&_t=8x",
            f"https://www.tiktok.com/@someone/photo/{AWEME}",
            f"https://m.tiktok.com/@someone/video/{AWEME}",
            f"https://www.tiktok.com/@video/video/{AWEME}",
            f"https://m.tiktok.com/v/{AWEME}.html",
            f"https://www.tiktok.com/embed/v2/{AWEME}",
            f"https://www.tiktok.com/embed/{AWEME}",
            f"https://www.tiktok.com/player/v1/{AWEME}?autoplay=1",
            f"https://www.tiktokv.com/share/video/{AWEME}/",
        ],
    ),
}
SHORT = {
    "https://b23.tv/aBcD123": "bilibili",
    "https://bili2233.cn/aBcD123": "bilibili",
    "https://v.douyin.com/iRNBho5m/": "douyin",
    "https://v.douyin.com/iRN_ho-m": "douyin",
    "https://vm.tiktok.com/ZMabc123/": "tiktok",
    "https://vt.tiktok.com/ZSabc123/": "tiktok",
    "https://www.tiktok.com/t/ZTabc123/": "tiktok",
}
SHARED = {
    "7.94 复制打开抖音，看看【甲的作品】# 美妆 https://v.douyin.com/iRNBho5m/ 08/12 fOk:/ J@V.yg": (
        ShortLink("douyin", "https://v.douyin.com/iRNBho5m/")
    ),
    "【标题（完）-哔哩哔哩】 https://b23.tv/aBcD123": ShortLink(
        "bilibili", "https://b23.tv/aBcD123"
    ),
    f"看https://www.bilibili.com/video/{BV}，很好": VideoLink("bilibili", BV),
    f"(see https://youtu.be/{YT}).": VideoLink("youtube", YT),
    f"看 youtu.be/{YT}！": VideoLink("youtube", YT),
    f"看v.douyin.com/iRNBho5m/复制此链接 {YT}": ShortLink(
        "douyin", "https://v.douyin.com/iRNBho5m/"
    ),
    f"http://example.com/a 标题 https://youtu.be/{YT} https://b23.tv/aBcD123": VideoLink(
        "youtube", YT
    ),
    f'<a href="https://youtu.be/{YT}">x</a>': VideoLink("youtube", YT),
}
NO_VIDEOS = {
    "": "neither a link nor an id",
    "https://": "neither",
    "https://example.com/watch?v=dQw4w9WgXcQ": "no known platform",
    f"https://www.youtube.com.evil.example/watch?v={YT}": "no known platform",
    f"https://notyoutube.com/watch?v={YT}": "no known platform",
    f"https://www.youtube.com@evil.example/watch?v={YT}": "evil.example",
    f"https://www.youtube.com:8080/watch?v={YT}": "damaged",
    "https://[v.douyin.com/abcdef": "damaged",
    f"ftp://www.youtube.com/watch?v={YT}": "neither",
    f"evil.example/www.youtube.com/watch?v={YT}": "neither",
    "https://www.youtube.com/": "neither|not of a video",
    "https://www.youtube.com/@somebody": "not of a video",
    "https://www.youtube.com/playlist?list=PL1": "not of a video",
    "https://www.youtube.com/embed/videoseries?list=PL1": "not of a video",
    "https://www.youtube.com/embed/live_stream?channel=UC1": "not of a video",
    "https://www.youtube.com/watch?v=tooshort": "not of a video",
    f"https://www.youtube.com/watch?v={YT}x": "not of a video",
    "https://space.bilibili.com/2": "not of a video",
    "https://www.bilibili.com/video/BV1GJ411x7h8x": "not of a video",
    "https://www.bilibili.com/video/av0": "not of a video",
    "https://www.bilibili.com/bangumi/play/ep1": "an episode of a series",
    "https://www.douyin.com/user/MS4wabc": "not of a video",
    "https://live.douyin.com/123456": "not of a video",
    "https://www.douyin.com/video/7448118827402972": "not of a video",
    "https://www.douyin.com/video/7.448118827402972e18": "not of a video",
    "https://v.douyin.com/": "not of a video|neither",
    "https://www.tiktok.com/@someone": "not of a video",
    "https://www.tiktok.com/t/": "not of a video",
    "https://www.tiktok.com/hk/notfound": "not of a video",
    YT: "PLATFORM:ID",
    AWEME: "PLATFORM:ID",
    "7.44812E+18": "spreadsheet",
    "youtube:short": "no video id of youtube",
    "bilibili:BV1GJ411x7h0": "no video id of bilibili",
    f"weibo:{AWEME}": "PLATFORM:ID",
    "BV1GJ411x7h0": "no video id of bilibili",
    "bv1gj411x7h7": "its case was lost",
    "bilibili:bv1gj411x7h7": "its case was lost",
    "https://www.bilibili.com/video/bv1gj411x7h7": "its case was lost",
    "https://b23.tv/ep1234": "an episode of a series",
    "https://www.bilibili.com/bangumi/play/ss12": "an episode of a series",
    f"https://www.iesdouyin.com/share/user/{AWEME}": "not of a video",
    f"https://www.douyin.com/music/{AWEME}": "not of a video",
    "https://www.youtube.com/attribution_link?u=/attribution_link": "not of a video",
}


@pytest.mark.parametrize(
    ("platform", "text"), [(name, text) for name, (_, texts) in FORMS.items() for text in texts]
)
def test_every_form_of_a_link_is_its_video(platform: str, text: str) -> None:
    link = VideoLink(platform, FORMS[platform][0])
    assert recognise(text) == link
    assert recognise(f"  {text}\n", platform) == link


@pytest.mark.parametrize(("text", "platform"), SHORT.items())
def test_a_short_link_is_told_from_a_video(text: str, platform: str) -> None:
    assert recognise(text) == ShortLink(platform, text)


@pytest.mark.parametrize(("text", "link"), SHARED.items())
def test_the_link_in_a_share_text_is_found(text: str, link: VideoLink | ShortLink) -> None:
    assert recognise(text) == link


@pytest.mark.parametrize(("text", "why"), NO_VIDEOS.items())
def test_what_is_no_video_is_refused_with_the_reason(text: str, why: str) -> None:
    with raises_saying(InvalidInputError, why):
        recognise(text)


@pytest.mark.parametrize(
    ("platform", "text", "video_id"),
    [
        ("bilibili", BV, BV),
        ("bilibili", f"av{AV}", BV),
        ("bilibili", str(AV), BV),
        ("youtube", YT, YT),
        ("youtube", "___________", "___________"),
        ("douyin", AWEME, AWEME),
        ("tiktok", AWEME, AWEME),
    ],
)
def test_an_id_of_a_known_platform(platform: str, text: str, video_id: str) -> None:
    assert recognise(text, platform) == VideoLink(platform, video_id)
    assert recognise(f"{platform}:{text}") == VideoLink(platform, video_id)
    assert recognise(f"{platform.upper()}: {text}") == VideoLink(platform, video_id)


@pytest.mark.parametrize("text", [BV, f"av{AV}"])
def test_an_id_that_only_one_platform_has_needs_no_name(text: str) -> None:
    assert recognise(text) == VideoLink("bilibili", BV)


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("youtube", AWEME),
        ("douyin", YT),
        ("tiktok", "7448118827402972"),
        ("tiktok", "٧" * 19),
        ("bilibili", "BV1GJ411x7h0"),
        ("bilibili", "-1"),
        ("bilibili", "9007199254740993"),
        ("weibo", "1"),
        ("youtube", f"{YT}\n{YT}"),
    ],
)
def test_an_id_of_another_platform_is_refused(platform: str, text: str) -> None:
    with raises_saying(InvalidInputError, f"no video id of {platform}"):
        recognise(text, platform)


@pytest.mark.parametrize("text", [f"https://youtu.be/{YT}", f"youtube:{YT}"])
def test_a_link_of_another_platform_is_refused(text: str) -> None:
    with raises_saying(InvalidInputError, "douyin"):
        recognise(text, "douyin")


def test_a_short_link_keeps_no_credentials_and_no_fragment() -> None:
    link = recognise("http://me:word@v.douyin.com:80/iRNBho5m/?a=1#top")
    assert link == ShortLink("douyin", "https://v.douyin.com/iRNBho5m/?a=1")


def test_a_long_text_is_shown_shortened() -> None:
    with pytest.raises(InvalidInputError) as caught:
        recognise("x" * 100_000)
    assert len(str(caught.value)) < 400


def test_all_urls_of_a_text_in_their_order() -> None:
    text = f"1 https://a.example/x, 2 b23.tv/aBcD123。3 https://youtu.be/{YT}!"
    assert urls_in(text) == [
        "https://a.example/x",
        "https://b23.tv/aBcD123",
        f"https://youtu.be/{YT}",
    ]


@given(
    st.text(max_size=80) | st.text(":/.?=&@[]%\\v0bB", max_size=60).map("https://b23.tv/".__add__)
)
def test_any_text_is_a_link_or_is_refused(text: str) -> None:
    try:
        link = recognise(text)
    except InvalidInputError as error:
        assert str(error)
        return
    assert link.platform in FORMS


def test_a_link_built_to_lead_in_circles_is_refused() -> None:
    circle = "https://www.youtube.com/attribution_link?u=" + "/attribution_link?u=" * 3000
    with raises_saying(InvalidInputError, "not of a video"):
        recognise(circle)
