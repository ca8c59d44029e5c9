/** The console's words for the interface's codes; those that exports tell, too, come with the page (`codeWords`). */

export const MEMBERSHIP_STATES = {
  applied: { words: "待审核", tone: "wait" },
  active: { words: "在籍", tone: "good" },
  transferring: { words: "转会中", tone: "wait" },
  retained: { words: "保留会籍", tone: "good" },
  left: { words: "已退会", tone: "bad" },
  expelled: { words: "已除名", tone: "bad" },
  refused: { words: "未批准", tone: "bad" },
};

export const WORKER_FORMS = {
  employed: "单位职工",
  dispatched: "劳务派遣",
  part_time: "灵活就业",
  gig: "新就业形态",
};

export const GIG_KINDS = {
  truck_driver: "货车司机",
  ride_hailing_driver: "网约车司机",
  courier: "快递员",
  food_delivery: "外卖配送员",
  domestic_worker: "家政服务员",
  care_worker: "护工护理员",
  estate_agent: "房产中介员",
  security_guard: "保安员",
  shop_informer: "商场信息员",
  other: "其他",
};

export const ROSTER_STATES = {
  receiving: { words: "正在接收", tone: "waiting" },
  checking: { words: "正在检查", tone: "waiting" },
  checked: { words: "检查完毕，还没有保存", tone: "waiting" },
  running: { words: "正在导入", tone: "waiting" },
  done: { words: "已导入", tone: "fresh" },
  failed: { words: "没有导入", tone: "" },
  cancelled: { words: "已取消，文件已删除", tone: "waiting" },
};

export const ROSTER_OUTCOMES = {
  created: { words: "新增", tone: "good" },
  unchanged: { words: "无变化", tone: "good" },
  updated: { words: "更新", tone: "good" },
  differs: { words: "与登记不同", tone: "wait" },
  elsewhere: { words: "会籍在别处", tone: "wait" },
  has_membership: { words: "另有会籍记录", tone: "wait" },
  duplicate: { words: "文件内重复", tone: "wait" },
  rejected: { words: "未导入", tone: "bad" },
  blank: { words: "空行", tone: "wait" },
};

export const CLAIM_PARTS = { name: "姓名", id_document: "证件号码", phone: "手机号" };

export const CLAIM_WHYS = {
  mismatch: "信息未全部对上",
  account_known: "该微信账号已是另一人",
  claimed_before: "这份信息已被认领",
  too_many_tries: "认领失败次数过多",
  application: "用这个证件申请入会",
};

export const DECISIONS = {
  approve: "批准入会",
  refuse: "不批准",
  release: "办理转出",
  accept_transfer: "接收",
  refuse_transfer: "退回接转",
};

const TRANSFER_REASONS = {
  wrong_organisation: "不属于本工会",
  no_such_employment: "单位没有此人",
  incomplete: "信息不完整",
  organisation_closed: "所申请的工会已关闭",
};

export const REFUSAL_REASONS = {
  refuse: { not_eligible: "不符合入会条件", identity_unproven: "身份未能核实", ...TRANSFER_REASONS },
  refuse_transfer: TRANSFER_REASONS,
};

export const STATION_STATES = {
  planned: "筹建中",
  operating: "开放",
  suspended: "暂停开放",
  rectifying: "整改中",
  retired: "已退出",
};

export const STATION_LACKS = { repair: "设施故障", supplies: "耗材" };

export const PROBLEM_ANSWERS = {
  opened: "门已经打开",
  closed_today: "今天不开放",
  fixed: "已经修好或解决",
  marked_broken: "一时修不好，已标明故障",
  hours_corrected: "开放时间已更正",
  position_corrected: "位置已更正",
  not_so: "情况不属实",
};

export const PRESENCES = { screen: "屏幕码", staff: "工作人员扫码", near: "标牌加定位", sign: "标牌" };

export const WORKERS = {
  food_delivery: "外卖骑手",
  parcel: "快递员",
  ride_hailing: "网约车、出租车司机",
  truck: "货车司机",
  sanitation: "环卫工人",
  construction: "建筑工人",
  security: "保安",
  domestic: "家政服务员",
  traffic: "交警、协管员",
  other: "其他户外劳动者",
};

export const ROW_OUTCOMES = {
  station: { words: "驿站", tone: "good" },
  station_without_position: { words: "驿站（没有位置）", tone: "wait" },
  rejected: { words: "不导入", tone: "bad" },
  duplicate: { words: "重复", tone: "wait" },
  blank: { words: "空行", tone: "" },
};

export const KINDS = {
  card: "卡",
  day: "日期",
  person: "人员",
  account: "账号",
  session: "登录",
  appointment: "任命",
  organisation: "组织",
  device: "设备",
  list: "文件",
  station: "驿站",
  audit: "审计",
};

export const DETAILS = {
  way: "方式",
  reason: "事由",
  kind: "种类",
  page: "页",
  organisation: "组织",
  person: "人员",
  role: "角色",
  changed_at: "变更于",
  stations: "驿站数",
  rows: "行数",
  actor: "操作人",
  object: "对象",
  above: "上级",
  fields: "项目",
  number: "编号",
  event: "事项",
  from: "原",
  to: "现",
  target: "转往",
  valid: "生效日",
  corrects: "更正第几条",
};

export const CARD_REASONS = {
  lost: "遗失",
  stolen: "被盗",
  leaked: "卡码外泄",
  damaged: "损坏",
  misuse: "冒用",
  found: "已找回",
  holder_request: "本人要求",
};

/** What stands in the details of entries, where it is not told in the words of exports. */
export const VALUES = {
  phone: "手机确认",
  password: "密码和动态码",
  wechat: "微信",
  sign_in_refused: "账号、密码或动态码不对",
  staff_not_allowed: "没有任命",
  verify_identity: "核实身份",
  contact: "联系本人",
  correct_record: "更正信息",
  aid: "帮扶慰问",
  case: "办理诉求",
  inspection: "审计检查",
  station_staff: "驿站工作人员",
  officer: "工会工作人员",
  system_admin: "系统管理员",
  security_admin: "安全管理员",
  audit_admin: "审计管理员",
  guest: "访客",
  member: "会员",
  staff: "工作人员",
  console: "后台",
  entries: "记录",
  blocks: "块",
  check: "封存检查",
  ...CARD_REASONS,
  move: "移动",
  merge: "并入",
  close: "关闭",
  restructuring: "机构调整",
  unit_merged: "单位合并",
  unit_closed: "单位撤销",
  too_few_members: "会员人数不足",
  duplicate: "重复登记",
  correction: "更正登记",
  contacts: "联系人",
};

export const ORGANISATION_STATES = {
  active: { words: "正常", tone: "good" },
  merged: { words: "已并入", tone: "wait" },
  closed: { words: "已关闭", tone: "bad" },
};

export const DEVICE_STATES = {
  waiting: { words: "等待登记", tone: "wait" },
  enrolled: { words: "使用中", tone: "good" },
  over: { words: "已到期", tone: "bad" },
  revoked: { words: "已停用", tone: "bad" },
};

export const CARD_STATES = {
  active: { words: "正常", act: "解冻" },
  frozen: { words: "已冻结", act: "冻结" },
  revoked: { words: "已作废", act: "作废" },
};

export const TIERS = {
  city: "市级",
  district: "区县",
  street: "街道",
  industry: "产业",
  bureau: "局、总公司",
  unit: "基层",
};

export const LINKS = {
  led_by: "同级工会领导",
  guided_by: "业务指导",
  hosted_by: "挂靠",
};

export const APPOINTMENT_STATES = {
  in_force: { words: "有效", tone: "good" },
  to_come: { words: "未开始", tone: "wait" },
  over: { words: "已结束", tone: "bad" },
};

export const POSTS = {
  scanner: "扫码设备",
  station_staff: "驿站工作人员",
  officer: "工会工作人员",
  system_admin: "系统管理员",
  security_admin: "安全管理员",
  audit_admin: "审计管理员",
};

export const SESSION_KINDS = {
  guest: "小程序（访客）",
  member: "小程序（会员）",
  staff: "小程序（工作人员）",
  device: "扫码设备",
  console: "管理后台",
};

export const ENGINES = {
  documents: "数据库",
  cache: "缓存",
  wechat: "微信",
};

export const ENGINE_KINDS = {
  embedded: "内置",
  configured: "外部",
  simulated: "模拟",
};

export const MISSING = { ...ENGINES, mirrors: "内存副本" };

export const MIRRORS = {
  organisations: "组织",
  appointments: "任命",
  revocations: "退出的登录",
  stations: "驿站",
  devices: "扫码设备",
  screens: "签到屏",
  evidence: "开放情况",
};

export const FINDINGS = {
  block_missing: "块缺失",
  block_changed: "块被改动",
  chain_broken: "块与上一块接不上",
  head_differs: "块与留存的哈希不同",
  entry_changed: "记录被改动",
  entry_removed: "记录被删除",
  entry_inserted: "记录是插进来的",
  entry_marked_wrong: "记录的块号不对",
  entry_backdated: "记录的时间早于它该在的块",
  entry_unsealed_late: "记录久未封存",
  unreadable: "内容无法读取",
  entries_unaccounted: "有记录不在任何块里",
};
