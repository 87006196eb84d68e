# Findings of the checkers: the code, its sentence, and .hint with the remedy.

# Các tệp do người soạn
file-too-large = Tệp lớn hơn { $limit_kib } KiB nên không được đọc.
    .hint = Kiểm tra xem có đúng tệp không; lịch một tháng chỉ cần vài kilobyte.
file-not-utf8 = Từ dòng này trở đi, tệp không phải văn bản UTF-8.
    .hint = Lưu lại tệp với bảng mã UTF-8.
toml-syntax = Sai cú pháp TOML: { $detail }.
    .hint = Xem dòng này và dòng ngay trước: dấu nháy, dấu ngoặc và dấu `=` phải đủ cặp.
key-unknown = Ở đây không có khóa `{ $key }`.
    .hint = { $nearest ->
        [none] Các khóa được dùng: { $allowed }.
       *[other] Có phải ý là `{ $nearest }`? Các khóa được dùng: { $allowed }.
    }
key-missing = Thiếu khóa `{ $key }`.
    .hint = Thêm `{ $key } = …` vào đây.
value-type = { $wanted ->
        [string] Ở đây cần văn bản trong dấu nháy
        [integer] Ở đây cần số nguyên
        [float] Ở đây cần một số
        [boolean] Ở đây cần `true` hoặc `false`
        [array] Ở đây cần danh sách trong ngoặc vuông
       *[table] Ở đây cần một mục
    }, không phải { $found ->
        [string] văn bản
        [integer] số nguyên
        [float] số thập phân
        [boolean] `true` hoặc `false`
        [datetime] ngày
        [array] danh sách
       *[table] một mục
    }.
    .hint = { $wanted ->
        [string] Viết `"…"`.
        [integer] Viết chữ số, không có dấu nháy.
        [float] Viết số không có dấu nháy, ví dụ `-16.0`.
        [boolean] Viết `true` hoặc `false`, không có dấu nháy.
        [array] Viết `[…]`.
       *[table] Viết thành một mục riêng.
    }
text-control = Văn bản `{ $found }` có ký tự ẩn.
    .hint = Gõ lại văn bản bằng tay.
text-too-long = Văn bản dài hơn { $limit } ký tự.
    .hint = Rút ngắn lại.
text-empty = Văn bản để trống.
    .hint = Ghi nội dung vào đây.
id-malformed = `{ $found }` không dùng làm mã được.
    .hint = Dùng chữ thường không dấu, chữ số và `-`; không quá 64 ký tự.
id-twice = Mã `{ $id }` xuất hiện hai lần.
    .hint = Đặt cho mỗi mục một mã riêng.
path-leaves = Đường dẫn `{ $path }` ra ngoài thư mục của nó.
    .hint = Đặt tệp trong thư mục và ghi đường dẫn tính từ đó, không có `..`, không bắt đầu bằng `/`.
path-malformed = `{ $path }` không phải đường dẫn hợp lệ.
    .hint = Nối thư mục với tệp bằng một dấu `/`, không để khoảng trắng ở đầu và cuối tên.
number-range = `{ $found }` nằm ngoài khoảng từ { $least } đến { $most }.
    .hint = Ghi một số từ { $least } đến { $most }.
choice-unknown = `{ $found }` không thuộc các từ dùng cho khóa này.
    .hint = { $nearest ->
        [none] Được dùng: { $allowed }.
       *[other] Có phải ý là `{ $nearest }`? Được dùng: { $allowed }.
    }
date-malformed = `{ $found }` không phải ngày.
    .hint = Ghi năm, tháng, ngày, ví dụ `2022-12-10`.
time-malformed = `{ $found }` không phải giờ tại đài.
    .hint = Ghi như `2022-03-05T17:00:00`, không kèm chênh lệch múi giờ.
list-too-long = Danh sách có hơn { $limit } phần tử.
    .hint = Rút ngắn lại.
list-empty = Danh sách để trống.
    .hint = Ghi ít nhất một phần tử.
format-unknown = Phiên bản này không đọc được định dạng { $found }.
    .hint = Ghi `format = 1`, hoặc cài phiên bản đã tạo ra tệp.
range-reversed = `{ $to }` đứng trước `{ $from }`.
    .hint = Đổi chỗ hai giá trị hoặc sửa một trong hai.

# Lịch phát
month-malformed = `{ $found }` không phải tháng.
    .hint = Ghi năm và tháng, ví dụ `2022-03`.
month-file-mismatch = Tệp `{ $file }` lại ghi là tháng { $month }.
    .hint = Đổi tên tệp thành `{ $month }.toml` hoặc sửa `month`.
programme-unknown = Lịch này không có chương trình `{ $programme }`.
    .hint = { $nearest ->
        [none] Ghi `id` của một chương trình ở trên.
       *[other] Có phải ý là `{ $nearest }`?
    }
slot-when = Mỗi lượt phát theo lịch cần `cron` hoặc `at`, không dùng cả hai.
    .hint = Giữ lại một trong hai.
cron-malformed = `{ $cron }` không phải biểu thức cron.
    .hint = Ghi giây, phút, giờ, ngày, tháng, thứ, ví dụ `0 30 5 * * Sat`.

# Khung giờ
slot-in-gap = Đồng hồ nhảy qua giờ của lượt phát `{ $slot }`; lượt này phát lúc { $at }.
    .hint = Chọn giờ khác, tránh giờ bắt đầu giờ mùa hè.
slot-in-fold = Đồng hồ chỉ giờ của lượt phát `{ $slot }` hai lần; lượt này phát ở lần đầu, lúc { $at }.
    .hint = Không cần làm gì.
slot-never = `{ $cron }` không rơi vào ngày nào của tháng { $month }.
    .hint = Kiểm tra ngày và thứ; không phải tháng nào cũng có ngày 29, 30, 31.
slot-day-missing = Tháng { $month } không có ngày { $days } nên không phát ngày đó.
    .hint = Nếu ý là ngày cuối tháng, hãy ghi rõ ngày ấy.
slot-outside-month = `{ $at }` nằm ngoài tháng { $month }.
    .hint = Sửa ngày, hoặc chuyển sang lịch của đúng tháng.
slots-too-many = Trong tháng có hơn { $limit } lượt phát.
    .hint = Kiểm tra biểu thức cron: trường đầu là giây, trường thứ hai là phút.
slot-twice = Lượt phát `{ $slot }` được ghi hai lần; chỉ phát một lần.
    .hint = Bỏ một trong hai.

# Lịch phát so với kế hoạch
plan-other-year = Kế hoạch là của năm { $year }, còn lịch là của tháng { $month }.
    .hint = Ghi kế hoạch của năm đó trong `config/station.toml`.
unit-unknown = Kế hoạch không có đơn vị `{ $unit }`.
    .hint = { $nearest ->
        [none] Ghi `id` của một đơn vị trong kế hoạch.
       *[other] Có phải ý là `{ $nearest }`?
    }
unit-not-valid = Đơn vị `{ $unit }` không tồn tại trong tháng { $month }.
    .hint = Kiểm tra `valid_from` và `valid_to` trong kế hoạch.
unit-twice = Đơn vị `{ $unit }` có hai bản ghi cho cùng một ngày.
    .hint = Kết thúc thời kỳ trước rồi mới bắt đầu thời kỳ sau.
programmes-few = Tháng này có { $found } trên { $due } chương trình mà kế hoạch yêu cầu.
    .hint = Bổ sung phần còn thiếu.
column-unknown = Kế hoạch không có chuyên mục `{ $column }`.
    .hint = { $nearest ->
        [none] Ghi tên một chuyên mục của kế hoạch.
       *[other] Có phải ý là `{ $nearest }`?
    }
topics-none = Chương trình `{ $programme }` không ghi đề mục nào của kế hoạch.
    .hint = Ghi các đề mục vào `topics` để báo cáo thống kê được.
topic-unknown = Kế hoạch không có đề mục `{ $topic }`.
    .hint = { $nearest ->
        [none] Ghi số của một đề mục trong kế hoạch.
       *[other] Có phải ý là `{ $nearest }`?
    }
programme-length = Chương trình `{ $programme }` dài { $length }; kế hoạch yêu cầu từ { $least } đến { $most }.
    .hint = Rút ngắn hoặc kéo dài chương trình.
programme-length-near = Chương trình `{ $programme }` dài { $length }, lệch một chút so với { $least } đến { $most }.
    .hint = Vẫn phát được; lần sau nên giữ đúng thời lượng.
file-repeated = Tệp `{ $path }` xuất hiện hai lần trong chương trình.
    .hint = Kiểm tra xem có tiết mục nào ghi nhầm tệp không.
airings-few = Chương trình `{ $programme }` có { $found } trên { $due } lượt phát ở đây mà kế hoạch yêu cầu.
    .hint = Bổ sung lượt phát.
slot-outside-window = { $length ->
        [unknown] Lượt phát `{ $slot }` bắt đầu ngoài khung giờ được phép của đài: { $windows }.
       *[other] Lượt phát `{ $slot }` dài { $length } không nằm gọn trong khung giờ được phép của đài: { $windows }.
    }
    .hint = Dời lượt phát để cả chương trình nằm trong một khung giờ.
slot-unusual = Lượt phát `{ $slot }` nằm ngoài khung giờ thường lệ: { $windows }.
    .hint = Dời lượt phát, hoặc ghi lý do vào khóa `reason`.
slot-reasoned = Lượt phát `{ $slot }` nằm ngoài khung giờ thường lệ ({ $windows }): { $reason }.
    .hint = Không cần làm gì.
slot-overlap = Lượt phát `{ $slot }` bắt đầu khi `{ $other }` đang phát, đến { $end } mới hết.
    .hint = Dời một trong hai lượt.

# Lịch riêng của phường, xã bên cạnh lịch của trung tâm
source-ward = Chương trình `{ $programme }` do phường, xã tự làm (`source = "ward"`) nhưng lại nằm trong lịch của trung tâm.
    .hint = Chuyển sang `{ $month }.ward.toml` (có bản duyệt riêng), hoặc sửa `source`.
source-not-ward = Chương trình `{ $programme }` không phải do phường, xã tự làm nhưng lại nằm trong lịch riêng của phường, xã.
    .hint = Ghi `source = "ward"`, hoặc chuyển sang `{ $month }.toml` nếu là chương trình của trung tâm.
programme-of-centre = Lịch của trung tâm trong tháng này đã có chương trình mã `{ $programme }`.
    .hint = Đặt mã khác cho chương trình của phường, xã.
slot-overlaps-centre = Lượt phát `{ $slot }` trùng giờ với lượt `{ $other }` của trung tâm, phát từ { $begin } đến { $end }.
    .hint = Dời lượt phát của phường, xã; lịch của trung tâm giữ nguyên.

# Phê duyệt
approval-month = Bản duyệt là của tháng { $approved }, không phải tháng { $found }.
    .hint = Đặt đúng bản duyệt bên cạnh lịch phát.
approval-revision = Bản được duyệt là bản số { $approved }; đây là bản số { $found }.
    .hint = Trình duyệt bản này.
approval-schedule = Lịch phát bị thay đổi sau khi duyệt (`{ $approved }` → `{ $found }`).
    .hint = Khôi phục tệp đã duyệt, hoặc trình duyệt tệp mới.
approval-file-changed = Tệp `{ $path }` bị thay đổi sau khi duyệt (`{ $approved }` → `{ $found }`).
    .hint = Khôi phục tệp đã duyệt, hoặc trình duyệt lại chương trình.
approval-file-removed = Thiếu tệp đã duyệt `{ $path }`.
    .hint = Khôi phục tệp, hoặc trình duyệt lại chương trình.
approval-file-added = Tệp `{ $path }` chưa được duyệt.
    .hint = Bỏ tệp khỏi lịch phát, hoặc trình duyệt lại chương trình.

# Cấu hình của đài
zone-unknown = Không có múi giờ `{ $found }`.
    .hint = { $nearest ->
        [none] Ghi tên theo IANA, ví dụ `Asia/Ho_Chi_Minh`.
       *[other] Có phải ý là `{ $nearest }`?
    }
window-malformed = `{ $found }` không phải khung giờ.
    .hint = Ghi giờ đầu và giờ cuối, ví dụ `05:30-06:30`; nửa đêm cuối ngày ghi `00:00`.
device-malformed = `{ $found }` không phải đầu ra âm thanh.
    .hint = Ghi `default`, `pulse:TÊN`, `alsa:TÊN` hoặc `wav:TỆP`.
second-unfit = `{ $found }` không thay được cho đầu ra thứ nhất.
    .hint = Ghi tên một thiết bị khác, `pulse:TÊN` hoặc `alsa:TÊN`; đầu ra thứ nhất là tệp thì không cần.
key-malformed = `{ $found }` không phải khóa công khai.
    .hint = Chép nguyên dòng `tên+mã+chuỗi` do người duyệt cung cấp.
key-demo-only = Khóa `{ $key }` chỉ dùng để trình diễn: ai cũng ký được bằng khóa này.
    .hint = Bỏ khóa, hoặc ghi `demo = true` nếu đây là bản trình diễn.
approvers-none = Không có khóa nào được tin cậy nên không duyệt phát được nội dung nào.
    .hint = Thêm khóa công khai của người duyệt vào `approvers` trong mục `[trust]`.

# media
audio-outside-media = Tệp `{ $file }` nằm ngoài thư mục âm thanh.
    .hint = Đặt tệp trong `media/` và ghi đường dẫn tính từ đó, không dùng `..` và không dùng liên kết dẫn ra ngoài.
audio-missing = Không có tệp `{ $file }`.
    .hint = Chép tệp vào đúng chỗ trong `media/`, hoặc sửa tên tệp trong lịch phát.
audio-missing-near = Không có tệp `{ $file }`.
    .hint = Có phải là `{ $nearest }`?
audio-not-file = `{ $file }` là thư mục hoặc thiết bị, không phải tệp.
    .hint = Ghi tên một tệp âm thanh.
audio-unreadable = Không đọc được tệp `{ $file }`: { $detail }.
    .hint = Kiểm tra quyền truy cập tệp và ổ đĩa.
audio-not-audio = Tệp `{ $file }` không phải âm thanh (nội dung: { $found }).
    .hint = Lấy lại đúng bản ghi âm; đổi tên tệp không biến nó thành âm thanh.
audio-format = Tệp `{ $file }` thuộc định dạng không dùng được: { $found }.
    .hint = Chuyển sang MP3, WAV, FLAC, Ogg Vorbis, Opus hoặc M4A (AAC-LC), một hoặc hai kênh.
audio-empty = Tệp `{ $file }` không có âm thanh.
    .hint = Việc thu hoặc chép tệp bị lỗi; lấy lại tệp.
audio-truncated = Tệp `{ $file }` dừng ở { $decoded } trong khi phải dài { $stated }.
    .hint = Tệp bị cụt khi chép; lấy lại tệp.
audio-no-end = Tệp `{ $file }` dừng ở { $decoded } mà không có dấu kết thúc.
    .hint = Tệp bị cụt khi chép; lấy lại tệp.
audio-changes = Tệp `{ $file }` đổi tần số lấy mẫu hoặc số kênh tại { $at }.
    .hint = Hai bản ghi khác loại bị ghép thẳng với nhau; xuất lại thành một tệp hoặc tách thành hai tiết mục.
audio-too-long = Tệp `{ $file }` dài quá { $limit } phút.
    .hint = Cắt thành nhiều tiết mục.
audio-ruined = Tệp `{ $file }` bị hỏng: { $lost } trên tổng số { $of } không giải mã được.
    .hint = Lấy lại tệp.
audio-undecodable = Tệp `{ $file }` không giải mã được: { $detail }.
    .hint = Lấy lại tệp, hoặc xuất lại từ phần mềm dựng.
audio-unsettled = Tệp `{ $file }` bị thay đổi trong khi đang đọc.
    .hint = Chờ chép xong rồi kiểm tra lại.
audio-stopped = Tệp `{ $file }` chưa được đọc hết vì việc kiểm tra bị dừng.
    .hint = Kiểm tra lại.
audio-silent = Tệp `{ $file }` im lặng từ đầu đến cuối.
    .hint = Thu hoặc xuất lại; không chỗ nào trong tệp to hơn −60 dB.
audio-damaged = Tệp `{ $file }` bị hỏng { $faults } chỗ; tổng cộng { $lost } được thay bằng khoảng lặng.
    .hint = Nghe lại; nếu các chỗ ngắt gây khó nghe thì lấy lại tệp.
audio-clipped = Tệp `{ $file }` bị vỡ tiếng { $runs } chỗ.
    .hint = Thu hoặc xuất lại với mức âm lượng thấp hơn; tiếng đã vỡ không sửa được.
audio-long-silence = Tệp `{ $file }` im lặng { $length }, bắt đầu từ { $at }.
    .hint = Cắt bỏ khoảng lặng, hoặc giữ nguyên nếu là chủ ý.
audio-quiet = Tệp `{ $file }` quá nhỏ ({ $loudness } LUFS); âm thanh được nâng lên cùng với tạp âm.
    .hint = Thu gần micrô hơn.
audio-loud = Tệp `{ $file }` quá to ({ $loudness } LUFS); âm thanh được hạ xuống.
    .hint = Thu hoặc xuất lại với mức thấp hơn.
audio-length-lies = Tệp `{ $file }` tự ghi dài { $stated } nhưng thực tế dài { $true }.
    .hint = Chương trình tính theo độ dài thực tế; không cần làm gì.

listen-malformed = `{ $found }` không phải địa chỉ để mở trang.
    .hint = Ghi địa chỉ và cổng, ví dụ `127.0.0.1:8470`, hoặc `off` nếu không dùng trang.
listen-open = Địa chỉ `{ $found }` mở trang cho máy khác, mà đường truyền chưa được mã hóa.
    .hint = Dùng `127.0.0.1:8470` để chỉ máy này mở được trang, hoặc thêm `tls = "own"` để đài tự cấp chứng chỉ.
host-malformed = `{ $found }` không phải tên miền.
    .hint = Chỉ ghi tên, không có `http://`, không có cổng, ví dụ `loa.ducpho.gov.vn`.
certificate-twice = `tls = "own"` và tệp chứng chỉ được ghi cùng lúc.
    .hint = Bỏ `tls` để dùng tệp, hoặc bỏ `certificate` và `key` để đài tự cấp chứng chỉ.
certificate-alone = Chứng chỉ và khóa riêng phải đi đôi.
    .hint = Ghi cả `certificate` và `key`, đều tính từ thư mục của đài.
certificate-missing = Không có tệp `{ $file }`; các trang chưa mở được, việc phát không bị ảnh hưởng.
    .hint = Đặt tệp vào đúng chỗ, hoặc dùng `tls = "own"`.
certificate-none = Trong tệp `{ $file }` không có chứng chỉ nào.
    .hint = Tệp phải ở dạng PEM, bắt đầu bằng `-----BEGIN CERTIFICATE-----`.
certificate-broken = Không dùng được chứng chỉ hoặc khóa trong `{ $file }`: { $detail }.
    .hint = Kiểm tra xem hai tệp ở dạng PEM có cùng một đôi không; khóa không được đặt mật khẩu.
proxy-malformed = `{ $found }` không phải địa chỉ IP.
    .hint = Ghi địa chỉ của máy chủ trung gian, ví dụ `10.0.0.1`.
proxy-unnamed = Có địa chỉ của máy chủ trung gian mà chưa có tên miền.
    .hint = Thêm `behind = "TÊN MIỀN"`, là tên mà người dùng mở trang.
