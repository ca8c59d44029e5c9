"""The small files by which WeChat checks that a domain, or the folder of a plain-link rule, is ours.

It looks for one at the root (业务域名) and, for the rule, in the last folder of its address
(扫普通链接二维码打开小程序).
"""

from tornado.web import HTTPError

from handlers.base import Handler, endpoint
from handlers.media import Text


class CheckFileHandler(Handler):
    """A check file, the same wherever WeChat looks for it."""

    public = True

    @endpoint()
    async def get(self, check_file: str) -> Text:
        """Return the content that WeChat gave the file."""
        content = self.services.check_files.get(check_file)
        if content is None:
            raise HTTPError(404)
        return Text(content)


ROUTES = [
    ("/{checkFile}", CheckFileHandler),
    ("/s/{checkFile}", CheckFileHandler),
    ("/e/{checkFile}", CheckFileHandler),
]
