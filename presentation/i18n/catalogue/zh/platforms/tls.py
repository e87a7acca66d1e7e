"""TLS connections that fail: to platforms, proxies and receivers of reports."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    "tls_failed": "无法建立 TLS 连接",
    "tls_broken_off": "TLS 连接中断",
    "tls_not_spoken": "对方不是 TLS，而是明文 HTTP 或其他协议",
    "tls_protocol_wrong": "双方没有共同的 TLS 版本或加密套件",
    "tls_name_unknown": "对方没有该主机名的证书",
    "certificate_expired": "证书已过期",
    "certificate_not_yet_valid": "证书尚未生效",
    "certificate_name_wrong": "证书属于另一个主机名",
    "certificate_issuer_unknown": "本机不认识证书的颁发者",
    "certificate_self_signed": "证书是自签名的",
    "certificate_revoked": "证书已被吊销",
    "certificate_not_trusted": "证书不受信任",
    "proxy_certificate_wrong": "代理自身的证书：{cause}",
    # of receivers of reports, where a setting helps
    "receiver_issuer_unknown": "本机不认识其证书的颁发者",
    "receiver_self_signed": "其证书是自签名的",
    "ca_file_unusable": "BATON_WEBHOOK_CA_FILE：{file} 中没有可用的证书（{detail}）",
}

_TO_DO: dict[str, Forms] = {
    "tls_not_spoken": "请检查协议与端口：是否只支持 http://？",
    "tls_protocol_wrong": "对方须支持 TLS 1.2 或更新版本",
    "certificate_expired": "若本机时钟正确，须由对方更换证书",
    "certificate_not_yet_valid": "本机时钟是否正确？",
    "certificate_name_wrong": "请检查主机名；也可能是网络的登录页在应答",
    "certificate_issuer_unknown": "可能有防火墙或代理在解密流量：请改走其他出口线路",
    "certificate_self_signed": "可能有防火墙或代理在解密流量：请改走其他出口线路",
    "proxy_certificate_wrong": "若是普通 HTTP 代理，请写成 http://",
    "receiver_issuer_unknown": "请把颁发者的证书（PEM）写入 BATON_WEBHOOK_CA_FILE",
    "receiver_self_signed": "请把该证书（PEM）写入 BATON_WEBHOOK_CA_FILE",
    "ca_file_unusable": "请指定一个 PEM 文件",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
