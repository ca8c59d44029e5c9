"""The WeChat mini program's side: its platform, the contract, and the client library."""
