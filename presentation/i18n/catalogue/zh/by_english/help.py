"""命令行帮助的中文，以其英文为键；测试检查两边是否一致。"""

from __future__ import annotations

# What the library that prints the help says itself.
FRAME = {
    "Usage: ": "用法：",
    "Options:": "选项：",
    "Arguments:": "参数：",
    "Commands:": "命令：",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]...",
    "[required]": "[必填]",
    "[default: ": "[默认：",
    "Show this message and exit.": "显示此帮助并退出。",
}

HELP = {
    "count only this task; repeatable": "只统计这个任务；可重复给出",
    "count nothing; list what is counted again later": "不统计；列出稍后重新统计的内容",
    "List completions whose video was handed in before.": "列出视频此前已被提交过的完成记录。",
    "By another user, or for another task; BATON_COUNT_VIDEO_ONCE_PER says which of them count.": (
        "由其他用户提交，或用于其他任务；哪些计入由 BATON_COUNT_VIDEO_ONCE_PER 决定。"
    ),
    "since this; else of the last 7 days": "从此时起；不写则为最近 7 天",
    "until this; a day is whole": "到此时止；日期包含整天",
    "only within one task": "仅限同一任务",
    "Proxies, and which account leaves by which.": "代理，以及各账号使用哪个代理。",
    "Keep a proxy, encrypted, to give it to accounts.": "加密保存一个代理，供账号使用。",
    "a proxy in any form that sellers write; - asks": "代理，可用卖家的任何格式；- 表示另行输入",
    "each request leaves by another exit": "每次请求走不同的出口",
    "of proxies without one: http, https, socks5, socks5h": "未写协议的代理所用：http、https、socks5、socks5h",
    "Keep the proxies of a list: text, CSV, JSON or Excel.": "保存列表中的代理：文本、CSV、JSON 或 Excel。",
    "Lines that are no proxies are named, and the others come in.": "不是代理的行会列出，其余照常导入。",
    "a list as sellers export it; - for standard input": "卖家导出的列表；- 表示标准输入",
    "only tell what it would add": "只显示将添加什么",
    "List the proxies: which accounts leave by each, and how it fared last.": "列出代理：各有哪些账号使用，最近状况如何。",
    "Send one request through each proxy, and tell which work and by which exit.": "经每个代理发送一个请求，显示哪些可用及其出口。",
    "a name from `proxies list`; none for all": "`proxies list` 中的名称；不写则为全部",
    "whose harmless endpoint is asked": "使用哪个平台的无害接口",
    "what to ask instead": "改为请求此地址",
    "so many at a time": "同时检查的数量",
    "seconds for all of them together": "全部检查的总时限（秒）",
    "Forget a proxy; one with accounts only when it is said where they go.": "移除代理；仍有账号使用时须指明其去向。",
    "a name from `proxies list`": "`proxies list` 中的名称",
    "where its accounts go": "其账号改用的代理",
    "Give each account without a proxy one of its own. The others keep theirs.": "为每个没有代理的账号各分配一个；已有代理的保持不变。",
    "a name from `proxies list`; none for all that were added and work": "`proxies list` 中的名称；不写则为所有已添加且可用的",
    "whose accounts": "哪个平台的账号",
    "only this account; may be repeated": "只限此账号；可重复",
    "accounts of the platform by one proxy": "每个代理最多供该平台几个账号使用",
    "only show the plan": "只显示计划",
    "Let an account leave by a proxy, or without one.": "让账号使用某个代理，或直连。",
    "a proxy in any form that sellers write, or its name from `proxies list`; none for no proxy; - asks": "代理（卖家的任何格式），或 `proxies list` 中的名称；none 表示直连；- 表示另行输入",
    "Crawl creators with a pool of accounts, export them under quotas.": (
        "用账号池抓取达人，并在每日配额内导出。"
    ),
    "show it": "显示版本",
    "the folder of `.env`, data and logs; else BATON_HOME, or as the documents say": (
        "`.env`、数据与日志所在目录；否则为 BATON_HOME，或按文档所述"
    ),
    "Crawl the creators of a domain into the database.": "抓取一个领域的达人并存入数据库。",
    "Joins or resumes an open crawl of the same platform and domain.": (
        "同平台同领域已有未结束的抓取时，加入或继续该任务。"
    ),
    "the field to work on, e.g. 美妆": "要处理的领域，例如 美妆",
    "pages at most; default: all there are": "最多页数；默认：全部",
    "where the creators are": "达人所在的平台",
    "find creators by name, or as authors of videos": "按名称查找达人，或按视频作者查找",
    "threads that work side by side": "并行的线程数",
    "file it under this; may be repeated": "为任务加上此标签；可重复",
    "only this account works on it": "仅由此账号处理",
    "only accounts of this group work on it": "仅由此分组的账号处理",
    "only file the task for a running `run`": "只登记任务，由运行中的 `run` 执行",
    "print the result as JSON": "以 JSON 输出结果",
    "Export a domain into files, under the daily quotas.": "在每日配额内把一个领域导出为文件。",
    "Joins or resumes an open export of the same platform and domain.": (
        "同平台同领域已有未结束的导出时，加入或继续该任务。"
    ),
    "csv or jsonl or xlsx or parquet or csv.gz or jsonl.gz": "csv、jsonl、xlsx、parquet、csv.gz 或 jsonl.gz",
    "rows at most; default: all there are": "最多行数；默认：全部",
    "folder; default: data/exports": "文件夹；默认：data/exports",
    "comma-separated; see docs/cli.md": "以逗号分隔；见 docs/cli.md",
    "CSV: leave formula-like text": "CSV：保留形似公式的文本",
    "go on for ever with new creators": "持续导出新入库的达人",
    "stay until the quota day turns": "配额用完后等到下一个配额日",
    "Run day and night: work on every task that is filed.": "昼夜运行：执行所有已登记的任务。",
    "Run day and night: work on every task that is filed. Ctrl-C ends it in order.": (
        "昼夜运行：执行所有已登记的任务。按 Ctrl-C 有序结束。"
    ),
    "ingestion threads": "抓取线程数",
    "export threads": "导出线程数",
    "serve the web console too": "同时提供网页控制台",
    "first wait for the database, make or upgrade its tables": ("先等待数据库，并创建或升级表结构"),
    "how long --init waits, in seconds": "--init 等待的秒数",
    "Ask the web server of this installation whether it runs.": "询问本安装的 Web 服务是否在运行。",
    "work only on tasks with this; may be repeated": "只执行带此标签的任务；可重复",
    "Tell how long crawl and export take, and what helps.": "预计抓取和导出需要多久，以及如何加快。"
    "",
    "Reckoned from the accounts' quotas, rests and learned paces; nothing is asked or changed.": (
        "根据账号的配额、休息和已学到的节奏推算；不访问平台，也不改动任何内容。"
    ),
    "creators to crawl; default: what is open": "要抓取的达人数；默认：未完成的部分",
    "pages at most": "最多页数",
    "what if there were so many like these": "假设有这么多同样的账号",
    "Crawl and export side by side on a local sandbox.": "在本机沙箱上同时抓取和导出。",
    "Three accounts hand over to one another; at the end the files are verified.": (
        "三个账号依次接力；最后校验导出文件。"
    ),
    "creators in the sandbox": "沙箱里的达人数",
    "accounts of 4000 a day": "每日 4000 行的账号数",
    "Ask for the play counts that are older than a week.": "更新一周以前的播放量。",
    "A run that was cut short goes on where it stopped.": "中断的更新会从停下的地方继续。",
    "further ids for --uids": "--uids 的更多 id",
    "all works, however young their counts": "全部作品，无论其播放量多新",
    "only works of these creators": "只更新这些达人的作品",
    "first copy the database (SQLite)": "先备份数据库（SQLite）",
    "print JSON": "输出 JSON",
    "Count a day's completions, store and report the sums.": "统计一天的完成情况，保存并回传合计。",
    "A day can be scanned again: only what has changed is reported. With --sum nothing is\n"
    "counted.": "同一天可以重新统计：只回传有变化的部分。用 --sum 时不统计。",
    "a day, like 2026-11-21; else yesterday": "日期，例如 2026-11-21；默认昨天",
    "first day of several": "多天统计的第一天",
    "last one; else yesterday": "最后一天；默认昨天",
    "what the numbers are shown by": "按什么显示数字",
    "fetch, store and report nothing": "不抓取、不保存、不回传",
    "Show alerts, accounts, open tasks and the last events.": "显示告警、账号、未完成的任务和最近事件。"
    ""
    ""
    ""
    "",
    "Check the installation, and say what to do.": "检查安装，并给出处理办法。",
    "do what is safe, and say what": "执行安全的修复，并逐项说明",
    "Create, upgrade or check the tables.": "创建、升级或检查数据表。",
    "Serve the platforms' formats on 127.0.0.1, for trials.": (
        "在 127.0.0.1 上模拟各平台的接口，供试用。"
    ),
    "0: any free one": "0：任意空闲端口",
    "creators of each domain": "每个领域的达人数",
    "comma-separated": "以逗号分隔",
    "same seed, same creators": "种子相同，达人相同",
    "requests/seconds of one account": "每个账号的 请求数/秒数",
    "none, mild or harsh": "none、mild 或 harsh",
    "pages of a search at most": "一次搜索的最多页数",
    "videos in one question": "一次请求的视频数",
    "YouTube's quota of a day": "YouTube 的每日配额",
    "requests/seconds to each endpoint of TikHub": "访问 TikHub 每个接口的 请求数/秒数",
    "proxy gateways (HTTP and SOCKS5)": "代理网关数（HTTP 与 SOCKS5）",
    "requests/seconds of one egress route": "每个出口线路的 请求数/秒数",
    "code (-799) or http (429)": "code（返回 -799）或 http（返回 429）",
    "requests/seconds of one egress route to /x/space/": (
        "每个出口线路访问 /x/space/ 的 请求数/秒数"
    ),
    "Serve the web console and the HTTP API, alone.": "只提供网页控制台和 HTTP 接口。",
    "address to listen on": "监听地址",
    "The accounts of the pool.": "账号池中的账号。",
    "Add an account; its cookies come on standard input.": "添加账号；Cookie 从标准输入读取。",
    "a name for it": "账号名称",
    "the account's platform": "账号所属的平台",
    "http://user:password@host:port of this account": ("该账号的代理 http://用户:密码@主机:端口"),
    "rows a day; default: BATON_DAILY_EXPORT_LIMIT": "每日导出上限；默认：BATON_DAILY_EXPORT_LIMIT",
    "another login takes over the name": "名称改给另一个平台账号",
    "ask for a password to keep": "询问并保存密码",
    "Add accounts from cookies, a list of many, or a folder of cookie files.": (
        "从 Cookie、账号列表或 Cookie 文件夹添加账号。"
    ),
    "An account that is there gets the fresh session.": "已有的账号会换上新的会话。",
    "an account's name; or a list of many, a folder of cookie files": (
        "账号名称；或账号列表、Cookie 文件夹"
    ),
    "its cookies in any form; - for standard input": "它的 Cookie，任何形式；- 为标准输入",
    "Change the User-Agent that an account's requests carry.": "修改账号请求所带的 User-Agent。",
    "its browser's User-Agent; none for the usual one": "其浏览器的 User-Agent；none 为通常的值",
    "the group that it belongs to": "所属分组",
    "only of this group; none: of no group": "仅此分组；none 表示不属于任何分组",
    "the deleted accounts instead": "改为列出已删除的账号",
    "only if the platform says that it is signed in": "仅当平台确认其处于登录状态",
    "Give an account another name.": "给账号改名。",
    "Its work goes on. Files that are written keep their names.": (
        "正在进行的工作不受影响。已写出的文件保持原名。"
    ),
    "its name from now on": "新的名称",
    "Put accounts into a group, such as one for each client.": "将账号归入分组，例如每个客户一组。",
    "Tasks can be pinned to a group: only its accounts work on them then.": (
        "任务可以指定分组：此时只由该分组的账号处理。"
    ),
    "accounts, by name or id": "账号，按名称或 id",
    "the group; none to take them out of theirs": "分组；none 表示移出所属分组",
    "List the groups of accounts, with what they have exported today.": (
        "列出账号分组及其今日导出数量。"
    ),
    "Delete an account: its secrets are erased, its name and login are free again.": (
        "删除账号：清除其机密信息，名称和平台账号可重新使用。"
    ),
    "What it exported stays, under the old name with (deleted) behind it.": (
        "已导出的数据保留，归在原名后加 (deleted) 的名称下。"
    ),
    "without asking": "不再询问",
    "Let only an account, or the accounts of a group, work on an open task.": (
        "让未结束的任务只由某个账号或某个分组的账号处理。"
    ),
    "Its workers take it up anew, from where they stopped.": "处理它的线程会重新领取，从停下的地方继续。",
    "every account may work on it": "所有账号都可处理",
    "Sign an account in with a QR code.": "扫码登录账号。",
    "Bilibili's app scans it; the session is kept encrypted.": "用哔哩哔哩客户端扫码；会话加密保存。"
    ""
    ""
    ""
    "",
    "a new account's name, or one that exists": "新账号或已有账号的名称",
    "codes to show before giving up": "放弃前最多显示的二维码数",
    "List the pool: state, quota, learned rate, next use.": "账号池：状态、配额、已学到的速率、下次使用。"
    ""
    ""
    ""
    "",
    "when a name is on several": "名称在多个平台上时",
    "Show an account's timeline: what happened, why, and until when.": (
        "账号的时间线：发生了什么、为什么、到何时。"
    ),
    "the account's name or id": "账号名称或 id",
    "Make an account idle: ends its disabling or its rest.": "使账号空闲：解除禁用或结束休息。",
    "Take an account out of the pool.": "把账号移出账号池。",
    "Whoever uses it just now stops at its next write.": "正在使用它的任务会在下一次写入时停止。",
    "why": "原因",
    "Change an account's daily export limit.": "修改账号的每日导出上限。",
    "rows a day": "每日行数",
    "Ask the platform whether the session is signed in.": "向平台确认会话是否仍然有效。",
    "Encrypt every secret with a new key.": "用新密钥重新加密所有机密。",
    "A fresh key file, or the first BATON_SECRET_KEY.": "新的密钥文件，或 BATON_SECRET_KEY 的第一个。"
    ""
    ""
    ""
    "",
    "The egress routes: proxies, and direct.": "出口线路：代理与直连。",
    "What of a platform is left alone.": "平台上暂停访问的部分（熔断）。",
    "List the routes: who uses them, how they fared, until when they cool down, what to do.": (
        "列出线路：由谁使用、近况如何、休息至何时、如何处理。"
    ),
    "End a route's cooldown: its accounts are used again at once.": (
        "结束一条线路的休息：其账号立即恢复使用。"
    ),
    "Leave a route alone for a while: its accounts send no requests.": (
        "暂停使用一条线路：其账号不发请求。"
    ),
    "the route, or its gateway, from `egress list`": "线路或其网关，见 `egress list`",
    "so long: 90s, 30m, 2h; at most 24h": "时长：90s、30m、2h；最多 24h",
    "List what is not asked as usual: until when, why, and what to do.": (
        "列出未照常访问的部分：至何时、为何、如何处理。"
    ),
    "Close circuits of a platform: it is asked again at once.": "结束一个平台的熔断：立即恢复访问。",
    "the platform, from `circuits list`": "平台，见 `circuits list`",
    "only of this route; * for those of all routes": "仅此线路；* 表示针对所有线路的熔断",
    "only of this endpoint; * for those of all endpoints": "仅此接口；* 表示针对所有接口的熔断",
    "Who ingested and exported what, by day.": "按日查看谁入库、谁导出了什么。",
    "The pages that were ingested.": "入库日志。",
    "Tell which account ingested and exported how many of which domain.": (
        "查看哪个账号入库、导出了哪个领域的多少个达人。"
    ),
    "A day is one of the quota zone.": "日期按配额时区计算。",
    "another day, like 2026-11-21; default: today": "其他日期，如 2026-11-21；默认：今天",
    "only by the account of this name": "只看这个账号",
    "write it to this Excel file, too": "同时写入这个 Excel 文件",
    "print a sentence for each account and domain": "每个账号和领域输出一句话",
    "List the pages that were ingested, newest first.": "列出入库日志，最新的在前。",
    "only of this task and its pieces": "只看这个任务及其子任务",
    "only of this day, like 2026-11-21": "只看这一天，如 2026-11-21",
    "also the creators that each page brought in": "同时列出每页新入库的达人",
    "What was collected of creators.": "已采集的达人。",
    "List creators: of a platform or a domain, filtered and sorted.": (
        "列出平台或领域的达人，可筛选和排序。"
    ),
    "List the creators that were seen for the first time, the newest first.": (
        "列出首次出现的达人，最新的在前。"
    ),
    "Show one creator: its numbers, domains, and every file, account, page and task of it.": (
        "显示一个达人：数据、领域，以及涉及它的每个文件、账号、页和任务。"
    ),
    "Show a creator's numbers by day; days between the rows were not looked at.": (
        "按天显示达人的数据；各行之间的日子没有查看。"
    ),
    "Count creators by domain, platform, status, keyword or day.": (
        "按领域、平台、状态、关键词或日期统计达人。"
    ),
    "only of this domain, e.g. 美妆": "仅限此领域，例如 美妆",
    "'followers>=10000', 'seen since 7d', …; may be repeated": (
        "'followers>=10000'、'seen since 7d' 等；可重复"
    ),
    "a part of the nickname": "昵称的一部分",
    "found by this search; may be repeated": "由此关键词搜到；可重复",
    "contact, email, phone or messenger in the signature": (
        "签名中有 contact、email、phone 或 messenger"
    ),
    "of a domain: in a file or not": "领域中的达人：是否已在文件中",
    "a field; - in front: the highest first": "排序字段；前面加 - 则从高到低",
    "what the columns are called: raw, en or zh": "列的表头：raw、en 或 zh",
    "Write delivered rows to further files, in another form; no quota is used.": (
        "把已交付的行另存为其他形式的文件；不占用配额。"
    ),
    "all files of an export": "一个导出任务的所有文件",
    "another format; default: as it was": "另一种格式；默认：不变",
    "other columns; see docs/cli.md; default: as they were": ("其他列；见 docs/cli.md；默认：不变"),
    "folder; default: beside the file": "文件夹；默认：与原文件相同",
    "only these: 'followers>=10000'; may be repeated": "仅限：'followers>=10000'；可重复",
    "ingested since: a span such as 7d, or a day": "入库时间不早于：7d 这样的时长，或一个日期",
    "platform: not who another domain delivered": "platform：不含其他领域已交付的达人",
    "search for this instead; may be repeated": "改为搜索此词；可重复",
    "a file of such words": "关键词文件",
    "end after so many pages without a new creator": "连续多少页没有新达人就结束",
    "Show what each keyword of a domain found over all time, and how many were new.": (
        "显示领域的每个关键词历来找到多少达人，其中多少是新的。"
    ),
    "the domain, e.g. 美妆": "领域，例如 美妆",
    "creators at most": "最多达人数",
    "print an object with raw data a line": "每行输出一个含原始数据的对象",
    "print CSV": "输出 CSV",
    "a span such as 7d, or a day": "7d 这样的时长，或一个日期",
    "the creator's id or the address of its profile": "达人的 UID 或主页地址",
    "where it is; default: where it is known": "所在平台；默认：已知的平台",
    "days of its history": "走势的天数",
    "days back from today": "从今天往前的天数",
    "what to count by": "统计方式",
    "with --by day: so many": "配合 --by day：天数",
    "Crawl and export tasks.": "抓取和导出任务。",
    "List tasks, newest first; --json has their pieces too.": (
        "列出任务，最新的在前；--json 还包含各子任务。"
    ),
    "leave ended tasks out": "不含已结束的任务",
    "only with this label": "只含带此标签的",
    "newest ones at most": "最多显示最新的条数",
    "Show one task with its pieces, and the accounts that work for it.": "一个任务及其子任务，以及正在处理它的账号。",
    "the task's id": "任务 id",
    "Hold a task until `tasks resume`.": "暂停任务，直到 `tasks resume`。",
    "Running workers stop after the page or batch in hand.": "运行中的线程会在完成手头的一页或一批后停下。"
    ""
    ""
    ""
    "",
    "Let a paused, waiting or failed task go on now.": "让暂停、等待或失败的任务立即继续。",
    "It goes on from where it stopped.": "从停下的地方继续。",
    "End a task for good.": "永久结束任务。",
    "What it stored and exported stays; open files are finished.": (
        "已入库和已导出的内容保留；未完成的文件会收尾。"
    ),
    "File a task under labels, beside those it has.": "为任务添加标签，原有标签保留。",
    "one or several": "一个或多个",
    "Take labels off a task.": "去掉任务的标签。",
    "The export files and their proof.": "导出文件及其校验。",
    "List export files, newest first.": "列出导出文件，最新的在前。",
    "only this domain": "只含此领域",
    "Prove that files, segments, rows and quotas agree.": "校验文件、分段、行和配额是否一致。",
    "Write segments' files again from the database, on this host.": (
        "在本机根据数据库重新写出分段文件。"
    ),
    "the segments' ids, from `exports list`": "分段 id，见 `exports list`",
    "all segments of a host that is gone": "某台已下线主机的全部分段",
    "another folder for them, from now on": "此后存放这些文件的其他文件夹",
    "the export's id, from `tasks list`": "导出任务 id，见 `tasks list`",
    "the folder for its files from now on": "此后存放其文件的文件夹",
    "Have an open export write its files to another folder.": "让进行中的导出改写到其他文件夹。",
    "Files that are finished stay where they are.": "已写完的文件保留在原处。",
    "also compare every file's rows with the database": "同时将每个文件的内容与数据库逐行比对",
    "Video statistics.": "视频统计。",
    "Ask for the counters of videos, of several platforms at once.": "查询视频数据，可同时包含多个平台。"
    ""
    ""
    ""
    "",
    "links, share texts or ids": "链接、分享文本或 id",
    "one link a line; - is standard input": "每行一个链接；- 为标准输入",
    "whose the bare ids are": "单独的 id 属于哪个平台",
    "What is wrong, or was.": "当前和以往的告警。",
    "List alerts that are not over, and what to do.": "列出未结束的告警和处理办法。",
    "also those that are over": "也包括已结束的",
    "Send a test notice to every channel.": "向每个通知渠道发送测试消息。",
    "What `run` does by schedule.": "`run` 的定时任务。",
    "List jobs: when they run next, and how they ended last.": "列出作业：下次运行时间和上次结果。",
    "Run a job now, and wait for its end.": "立即运行一个作业并等待结束。",
    "With --scheduled it does the newest scheduled time, unless another process does or did.": (
        "加 --scheduled 时执行最近一次计划时间，除非其他进程正在或已经执行。"
    ),
    "the job's name, from `jobs list`": "作业名称，见 `jobs list`",
    "only if its newest time has no run yet (timers)": (
        "仅当最近一次计划时间尚未运行（供定时器使用）"
    ),
    "Show the next times of a job, or of a schedule to try.": "显示作业或试用计划的后续时间。",
    "how many times": "显示多少次",
    'another cron text to try, "0 2 * * 1"': '试用另一个 cron 表达式，例如 "0 2 * * 1"',
    "The catalogue of videos.": "作品列表。",
    "Add videos by their links; titles are asked for.": "按链接添加视频；标题会向平台查询。",
    "ask the platform for its title": "向平台查询标题",
    "Add and change videos from CSV and JSON files.": "从 CSV 和 JSON 文件添加或修改视频。",
    "Running it twice changes nothing.": "重复执行不会有变化。",
    "CSV or JSON files": "CSV 或 JSON 文件",
    "what lies in the drop folder": "投递文件夹中的文件",
    "List videos, newest first.": "列出视频，最新的在前。",
    "only of this one": "只含此平台",
    "only of this creator": "只含此达人",
    "only those taken out": "只含已停用的",
    "Add all that a creator uploaded to Bilibili.": "添加某达人在哔哩哔哩的全部投稿。",
    "a creator's id at Bilibili": "达人在哔哩哔哩的 id",
    "Take videos out: marked invalid, not deleted.": "停用视频：标记为无效，不删除。",
    "Bring videos back, whoever took them out.": "恢复视频，无论由谁停用。",
    "List what the drop folder could not take in, and why.": "列出投放目录未能导入的内容及原因。",
    "Write the list to data/spider/views.json.": "把列表写入 data/spider/views.json。",
    "Hourly numbers of videos.": "视频的每小时数据。",
    "list, crawl, import (default)": "导出列表、抓取、入库（默认）",
    "write views.json from the catalogue": "从作品列表写出 views.json",
    "fetch this hour into its data file": "抓取本小时并写入数据文件",
    "take one data file in, the newest one": "入库一个数据文件，默认最新的",
    "take in every data file that is not in": "入库所有尚未入库的数据文件",
    "Take data files into the main database; numbers that came first stay.": (
        "把数据文件导入主数据库；先到的数据保留。"
    ),
    "List what alerts tell of hourly numbers.": "列出每小时数据的告警规则。",
    "Have alerts tell of hourly numbers from the next hour on.": (
        "添加每小时数据的告警规则，从下一小时起生效。"
    ),
    "Remove such a rule, which ends its alerts.": "删除此类规则，并结束其告警。",
    "when a video passes so many views": "视频播放量超过此数时",
    "when it rises by so many views an hour": "每小时增长达到此数时",
    "when it is gone, and when it is back": "失效时，以及恢复时",
    "only this video": "只含此视频",
    "only videos of this author": "只含此作者的视频",
    "only of creators that tasks with this label found": "只含带此标签的任务所得达人的视频",
    "only of this platform": "只含此平台",
    "a rule's id, from `views alerts`": "规则的 id，见 `views alerts`",
    "Show several videos hour by hour, a column for each.": "逐小时对比多个视频，每个一列。",
    "that long after each was published instead": "改为各视频发布后的这段时间",
    "ids or links": "id 或链接",
    "write a file instead, .csv or .xlsx": "改为写入文件，.csv 或 .xlsx",
    "List the authors whose videos have the most of a number in the newest hour.": (
        "最近一小时数据合计最高的作者。"
    ),
    "growth over: 24h, 7d": "增长的时间跨度：24h、7d",
    "a data file, or a folder of them": "数据文件，或其文件夹",
    "all that an older version left on this host": "旧版本留在本机的全部数据",
    "what the file says takes the place of all numbers": "以文件内容替换该小时的全部数据",
    "Write this host's files of hourly numbers from the main database.": (
        "由主数据库写出本机的每小时数据文件。"
    ),
    "write all from that day on anew": "从该日起全部重写",
    "Show a video hour by hour, with growth and a chart.": "一个视频的每小时数据，含增长和图表。",
    "an id or a link": "id 或链接",
    "newest hours at most": "最多显示最近的小时数",
    "which number": "哪个数字",
    "List the most seen videos of an hour; without one, of the newest hour.": (
        "某小时观看最多的视频；默认最近一小时。"
    ),
    "works at most": "最多作品数",
    "Day by day: hours, videos, highest numbers, growth.": "逐日：小时数、视频数、最高值、增长。",
    "one video; all without it": "一个视频；省略则为全部",
    "how far back: 7d, 48h": "回看多久：7d、48h",
    "List the fastest risers, back from the newest hour.": "自最近一小时回看，增长最快的视频。",
    "how far back: 24h, 7d": "回看多久：24h、7d",
    "List every expected hour: observed, late or missing, and why.": (
        "每个应有的小时：已采集、迟到或缺失，以及原因。"
    ),
    "good hours too": "也包括正常的小时",
    "Reports to receivers: deliveries, endpoints.": "向接收方回传：投递和端点。",
    "List deliveries, newest first.": "列出投递，最新的在前。",
    "only these; may be repeated": "只含这些；可重复",
    "first day, like 2026-11-21": "第一天，如 2026-11-21",
    "last day": "最后一天",
    "only of this task": "只含此任务的",
    "only of tasks whose title contains this": "只含标题包含此文字的任务",
    "only what this agent's users completed": "只含此代理节点的用户完成的",
    "only with a report in this state": "只含回传处于此状态的",
    "only what is counted again later": "只含之后会重新统计的",
    "write all to this CSV file, too": "同时将全部写入此 CSV 文件",
    "write all to this Excel file, too": "同时将全部写入此 Excel 文件",
    "List days of tasks: what was counted, sent and answered, newest first.": "列出任务的每一天：统计、发送与响应，最新的在前。",
    "a day, like 2026-11-21": "某一天，如 2026-11-21",
    "an event id, as the receiver logs it": "事件 id，即接收方日志中的",
    "Show what was counted, sent and answered for a task, a day or an event id.": "按任务、日期或事件 id 查看统计、发送与响应。",
    "count nothing; add up what is stored, the newest first": "不统计；汇总已保存的数据，最新的在前",
    "with --sum: write it to this CSV file, too": "与 --sum 同用：同时写入此 CSV 文件",
    "with --sum: write it to this Excel file, too": "与 --sum 同用：同时写入此 Excel 文件",
    "Settlements: what was counted, sent and answered.": (
        "分账结算：统计了什么、发送了什么、对方如何响应。"
    ),
    "only reports on this task, alone or among others": "只含报告此任务的，单独或与其他任务一起",
    "only on tasks whose title contains this": "只含标题包含此文字的任务的",
    "only this event, as the receiver logs it": "只含此事件，即接收方日志中的事件 id",
    "only to this URL": "只含发往此 URL 的",
    "filed then or later": "此时或之后登记的",
    "filed then or before; a day is whole": "此时或之前登记的；日期包含整天",
    "Show one delivery with its tasks, its body and every attempt.": (
        "一次投递的任务、内容和每次尝试。"
    ),
    "the delivery's id, or its event id": "投递 id 或事件 id",
    "Send deliveries again, under the same event ids.": "以相同的事件 id 重新投递。",
    "By id whatever their state; by task, URL, kind or time those that failed or were given up,\n"
    "unless --state says which.": (
        "指定 id 时不论状态；按任务、URL、类型或时间时只含失败或放弃的，除非用 --state 指定。"
    ),
    "Send a test event now, once.": "立即发送一次测试事件。",
    "where to send it": "发往哪里",
    "read the secret from standard input": "从标准输入读取密钥",
    "Send nothing more to a URL: reports that are filed wait.": "停止向某 URL 投递；已登记的等待。",
    "the URL, or a delivery to it": "URL，或发往它的某次投递",
    "why; shown in lists": "原因；显示在列表中",
    "Send to a URL again, also what waits and what it refused by HTTP 410.": (
        "恢复向某 URL 投递，包括等待中的与被 HTTP 410 拒绝的。"
    ),
    "Give a task a new signing secret beside the old one.": "为任务添加新的签名密钥，旧密钥暂时保留。"
    ""
    ""
    ""
    "",
    "Prints the new secret once. Reports carry two signatures until --finish.": (
        "新密钥只显示一次。在 --finish 之前，回传带两个签名。"
    ),
    "id of the distribution task": "分发任务的 id",
    "sign with the newest secret only": "只用最新的密钥签名",
    "Distribution tasks and their completions.": "分发任务及其完成情况。",
    "Add or change distribution tasks from a file.": "从文件添加或修改分发任务。",
    "A column or field that is absent or empty stays as it is.": "缺少或为空的列和字段保持不变。",
    "a list (CSV, Excel), a JSON array, or a JSON object a line": (
        "列表（CSV、Excel）、JSON 数组，或每行一个 JSON 对象"
    ),
    "for --import-only; all hours of the day": "用于 --import-only；该日的所有小时",
    "for --import-only; without --date today": "用于 --import-only；未给 --date 时为今天",
    "Add or change users and their agents from a file.": "从文件添加或修改用户及其代理。",
    "Add posted videos from a file; new ones are reported.": "从文件添加已发布的视频；新增的会回传。"
    ""
    ""
    ""
    "",
    "A video that is there already gets what is verified now.": "已有的视频会更新为当前核实的数据。"
    "",
    "store only; for old completions": "只保存；用于旧的完成记录",
    "List distribution tasks, newest first.": "列出分发任务，最新的在前。",
    "only these": "只含这些",
    "Show one task with its newest days.": "一个任务及其最近几天。",
    "the task's task_id": "任务的 task_id",
    "Leave a task out of broadcasts until `dramas resume`.": "回传时跳过该任务，直到 `dramas resume`。"
    ""
    ""
    ""
    "",
    "Make a paused or finished task active again.": "让暂停或已结束的任务重新生效。",
    "End a task: not broadcast any more.": "结束任务：不再回传。",
    "Completions that still come in are stored, reported and scanned.": (
        "之后到来的完成记录仍会保存、回传和统计。"
    ),
    "Set the secret that signs a task's reports.": "设置为任务回传签名的密钥。",
    "It comes on standard input: whsec_ and base64. While it is changed give both, the new one "
    "first.": "从标准输入读取：whsec_ 加 base64。更换期间同时给出两个，新的在前。",
    "sign no more": "不再签名",
    "Tell the numbers of active tasks every few minutes.": "分发数据回传：每隔几分钟回传生效任务的数据。"
    ""
    ""
    ""
    "",
    "one round now": "立即回传一轮",
    "Turn broadcasting on, also after a restart.": "开启分发数据回传，重启后依然有效。",
    "`run` does the rounds. Each asks every task's platform, which may cost money.": (
        "由 `run` 执行各轮。每轮都会查询各任务的平台，可能产生费用。"
    ),
    "List the tasks without numbers in the newest round: why, and since when.": (
        "列出最近一轮中没有数据的任务：原因与起始时间。"
    ),
    "tasks at most": "最多任务数",
    "Turn broadcasting off.": "关闭分发数据回传。",
    "Tell if it is on, and how the newest round went.": "是否开启，以及最近一轮的结果。",
    "The machines that work on this database.": "使用此数据库的主机。",
    "List the hosts: version, time zone, room, what each runs, and when it was seen last.": (
        "列出各主机：版本、可用空间和最后出现的时间。"
    ),
    "Forget a host that is gone for good; its files stay where they are.": (
        "忘记一台不再使用的主机；它的文件保持原样。"
    ),
    "its name, from `hosts list`": "主机名，见 `hosts list`",
    "Who may use the web console.": "谁可以使用网页控制台。",
    "Make a token for the console and the API.": "为控制台和接口生成令牌。",
    "It is shown once; the database keeps only its hash.": "只显示一次；数据库只保存其散列值。",
    "whose it is; default: its role": "令牌归谁；默认：其角色",
    "it may look, not act": "只能查看，不能操作",
    "List the tokens, without the tokens themselves.": "列出令牌（不含令牌本身）。",
    "End a token, and the sessions that it began.": "作废令牌及由其登录的会话。",
    "the token's name or id": "令牌名称或 id",
    "Print the script by which a shell completes commands.": "输出 Shell 的自动补全脚本。",
    "It completes options and values too: domains, accounts, ids.": (
        "也会补全选项和值：领域、账号、编号。"
    ),
    "Load it in ~/.bashrc or ~/.zshrc by `source <(baton completion bash)`, in fish by `baton\ncompletion fish | source`.": (
        "在 ~/.bashrc 或 ~/.zshrc 中加载：`source <(baton completion bash)`（zsh 写 zsh）；fish：`baton completion fish | source`。"
    ),
    "It needs an installed command, like `baton`: `python cli.py` cannot be completed.": (
        "只适用于已安装的命令，例如 `baton`；`python cli.py` 无法补全。"
    ),
    "whose script it is": "哪个 Shell 的脚本",
}
