# Trung tâm và các đài.

# Cấu hình.
folder-relative = `{ $found }` không phải đường dẫn đầy đủ.
    .hint = Ghi đường dẫn bắt đầu bằng `/`, ví dụ `/media/usb/loa`.
pin-malformed = `{ $found }` không phải mã SHA-256.
    .hint = Chép đúng dòng `pin` mà lệnh `loa init --centre` in ra ở trung tâm.
centre-address = `{ $found }` không phải địa chỉ của trung tâm.
    .hint = Ghi `https://TÊN-MÁY:CỔNG`, không kèm đường dẫn.
centre-two-ways = Đài chỉ đi bằng một đường: có `address` thì không có `folder`.
    .hint = Bỏ một trong hai khóa.
centre-no-way = Phần [centre] không nói đến trung tâm bằng đường nào.
    .hint = Thêm `address = "https://…"` hoặc `folder = "/…"`.
centre-no-key = Phần [centre] không có khóa xác nhận nào của trung tâm.
    .hint = Chép dòng `keys` mà lệnh `loa init --centre` in ra ở trung tâm; thiếu khóa thì đài không nhận biết được lời xác nhận.
key-no-witness = `{ $found }` không phải khóa xác nhận của trung tâm.
    .hint = Chép nguyên dòng mà lệnh `loa init --centre` in ra ở trung tâm.

# Trung tâm.
centre-none = Thư mục này không phải của một trung tâm.
    .hint = Chạy `loa init --centre` để lập trung tâm trong thư mục này.
centre-no-own-key = Trung tâm chưa có khóa xác nhận `{ $file }`.
    .hint = Chạy `loa init --centre`, hoặc chép khóa từ bản sao lưu về.
centre-store-unknown = Chương trình này không mở được kho `{ $address }`.
    .hint = Ghi một đường dẫn trong thư mục của trung tâm.
centre-store-key = Chưa có biến môi trường `{ $name }` để mở kho `{ $address }`.
    .hint = Đặt `AWS_ACCESS_KEY_ID` và `AWS_SECRET_ACCESS_KEY` trong môi trường của dịch vụ (ví dụ bằng `systemctl edit loa`).
pack-nowhere = Chưa nói gói đi đâu, mà thư mục này không phải của một trung tâm.
    .hint = Thêm `-o THƯ-MỤC` hoặc `--tar TỆP`; ở trung tâm thì các đài tự lấy gói về.
centre-listen = Không mở được cửa cho các đài ở `{ $address }`: { $detail }
    .hint = Kiểm tra xem địa chỉ có thuộc máy này không và cổng có chương trình khác dùng không.
enrol-malformed = Đơn ghi danh không đúng dạng hoặc sai chữ ký.
    .hint = Để đài tự gửi lại đơn.
enrol-refused = Không nhận đơn ghi danh của `{ $origin }`: nhật ký này đã ghi danh bằng khóa khác.
    .hint = Nếu đài đã thay đĩa và mất khóa thì chép nhật ký cũ ra bằng `loa fleet copy`, rồi ở đài chạy `loa init --new-epoch --from THƯ-MỤC`.
enrol-unknown = Chưa đài nào xin ghi danh nhật ký `{ $origin }`.
    .hint = Xem tên đúng bằng lệnh `loa fleet`.
enrol-code = Mã không khớp với mã của `{ $origin }`.
    .hint = Đọc lại mã mà đài hiện ở lệnh `loa status`; nếu vẫn không khớp thì đừng ghi danh, vì có thể máy khác đang mạo nhận.
enrol-revoked = Nhật ký `{ $origin }` đã bị thu hồi.
    .hint = Cho đài lập kỳ nhật ký mới bằng `loa init --new-epoch --revoked` rồi xin ghi danh lại.
revoke-asked = Chưa ghi danh nhật ký `{ $origin }` nên không có gì để thu hồi.
    .hint = Bỏ các đơn đang chờ bằng lệnh `loa fleet drop { $origin }`.
word-malformed = Lời báo của đài không đúng dạng hoặc sai chữ ký.
blob-refused = Không nhận tệp loại `{ $kind }` kèm theo nhật ký.
    .hint = Nâng cấp loa ở trung tâm trước rồi mới nâng cấp ở các đài.
blob-no-room = Quá nhiều tệp của nhật ký `{ $origin }` đang chờ mục nhật ký nêu tên chúng.
    .hint = Sau một ngày các tệp đó tự hết chờ; nếu lặp lại thì kiểm tra đài và cân nhắc thu hồi.

# Đài nhìn về trung tâm.
centre-heard = Trung tâm đã nhận đủ nhật ký (lúc { $at }).
centre-asked = Trung tâm chưa ghi danh đài này (lúc { $at }).
    .hint = Đọc mã { $code } cho cán bộ trung tâm.
centre-refused = Trung tâm từ chối ({ $status }, lúc { $at }): { $detail }
    .hint = Hỏi cán bộ trung tâm xem đài này có bị thu hồi không; máy thay đĩa thì xin bản nhật ký cũ rồi chạy `loa init --new-epoch --from THƯ-MỤC`.
centre-clock-apart = Đồng hồ đài chỉ { $own } khi đồng hồ trung tâm chỉ { $centre }: một trong hai sai.
    .hint = So với giờ chuẩn rồi chỉnh đồng hồ sai (`timedatectl`).
centre-away = Chưa liên lạc được với trung tâm (lúc { $at }): { $detail }
    .hint = Đài vẫn phát bình thường; kiểm tra đường mạng, địa chỉ và thẻ nhớ.
centre-not-cosigned = Lời xác nhận do khóa `{ $by }` ký, không phải khóa nào trong phần [centre] của đài.
    .hint = Hỏi trung tâm xem có đổi khóa không (`loa fleet key` ở trung tâm); đúng thì thêm khóa mới vào `keys` trong config/station.toml, bên cạnh khóa cũ, rồi khởi động lại loa.
centre-holds-more = Nhật ký ở đây chỉ có { $size } mục, trung tâm đang giữ { $held } mục: một bản cũ đã được chép đè.
    .hint = Khởi động lại loa khi có mạng để lấy phần còn thiếu về; không được thì lập kỳ nhật ký mới bằng `loa init --new-epoch`.
centre-holds-other = Nhật ký ở đây không phải nhật ký mà trung tâm đang giữ ({ $held } mục).
    .hint = Hai máy đang dùng chung một khóa, hoặc nhật ký đã bị sửa; báo trung tâm và lập kỳ nhật ký mới bằng `loa init --new-epoch`.

# Dòng lệnh.
verb-fleet = Các đài của trung tâm: ai đã ghi danh, nhật ký về đến đâu, đang giữ tháng nào
verb-fleet-enrol = Ghi danh một đài bằng mã mà đài hiện ra
verb-fleet-drop = Bỏ các đơn xin ghi danh đang chờ dưới tên một nhật ký; đài còn xin thì đơn tự có lại
arg-fleet-drop-origin = Tên nhật ký ghi trong đơn
verb-fleet-settle = Ghi nhận đã giải quyết mâu thuẫn trong nhật ký của một đài: không báo đỏ nữa, hai bản ký vẫn giữ
verb-fleet-copy = Chép nhật ký của một đài ra thư mục, để đài mất đĩa và khóa tiếp tục từ đó
verb-fleet-key = Khóa xác nhận của trung tâm: xem, lập khóa kế tiếp, đổi sang khóa đó
arg-fleet-settle-origin = Tên nhật ký của đài
arg-fleet-settle-reason = Nguyên nhân và cách đã xử lý, bằng lời
arg-fleet-copy-origin = Tên nhật ký của đài
arg-fleet-copy-output = Thư mục, ví dụ trên thẻ nhớ
arg-fleet-key-next = Lập khóa kế tiếp để các đài ghi vào cấu hình trước
arg-fleet-key-change = Dùng khóa kế tiếp từ nay; khóa cũ không ký nữa
arg-init-revoked = Khóa cũ đã bị thu hồi hoặc có thể đã lộ: mở kỳ mới dù nhật ký vẫn lành
arg-init-from = Tiếp nối bản nhật ký mà trung tâm giữ (thư mục do `loa fleet copy` chép ra), khi đĩa và khóa của đài đã mất
verb-fleet-revoke = Thu hồi một đài: từ nay không nhận gì của đài đó nữa, phần đã nhận vẫn giữ
arg-fleet-enrol-origin = Tên nhật ký của đài, ví dụ loa/station/pho-an/1
arg-fleet-enrol-code = Mã mà đài hiện ra ở lệnh `loa status`
arg-fleet-revoke-origin = Tên nhật ký của đài
arg-init-centre = Lập trung tâm: thêm config/centre.toml và khóa xác nhận
init-centre =
    Ghi vào phần [centre] của config/station.toml ở mỗi đài:
    address = "https://…"
    pin     = "{ $pin }"
    keys    = ["{ $key }"]
fleet-enrolled = Đã ghi danh { $origin }.
fleet-dropped = Đã bỏ { $count } đơn đang chờ của { $origin }.
fleet-settled = Đã ghi nhận mâu thuẫn của { $origin } là đã giải quyết; hai bản ký vẫn giữ.
fleet-settle-none = Nhật ký `{ $origin }` không có mâu thuẫn nào chưa giải quyết.
    .hint = Xem các mâu thuẫn bằng lệnh `loa fleet`.
fleet-copied = Đã chép { $size } mục của { $origin } vào { $folder }.
fleet-keys = Trong phần [centre] của các đài: keys = [{ $keys }]
fleet-key-next = Ghi cả hai khóa vào mọi đài trước, rồi mới đổi bằng `loa fleet key --change`.
fleet-key-changed = Đã đổi khóa xác nhận; khởi động lại loa ở trung tâm để dùng khóa mới.
fleet-key-no-next = Chưa lập khóa kế tiếp.
    .hint = Lập bằng `loa fleet key --next`, ghi vào cấu hình của các đài, rồi mới đổi.
comeback-none = Thư mục `{ $folder }` không có nhật ký kèm khóa công khai.
    .hint = Ở trung tâm chạy `loa fleet copy TÊN-NHẬT-KÝ -o THƯ-MỤC` rồi mang thư mục đó đến.
comeback-damaged = Nhật ký trong `{ $folder }` không còn nguyên vẹn.
    .hint = Chép lại từ trung tâm; xem lỗi bằng `loa verify THƯ-MỤC`.
comeback-other = `{ $origin }` không phải nhật ký của đài `{ $station }`.
    .hint = Chép đúng nhật ký của đài này, hoặc sửa `id` trong config/station.toml.
comeback-needless = Khóa của nhật ký `{ $origin }` vẫn còn ở đây.
    .hint = Khởi động loa khi có mạng: phần còn thiếu tự về, không cần mở kỳ mới.
comeback-done = Nhật ký ở đây đã tiếp nối `{ $origin }`.
    .hint = Không cần làm gì thêm: xin trung tâm ghi danh nhật ký mới.
comeback-taken = `{ $file }` đã có và khác với bản mang đến.
    .hint = Kỳ đó đã được giữ ở đây; xem bằng `loa verify` trước khi làm tiếp.
fleet-revoked = Đã thu hồi { $origin }.
fleet-station = Nhật ký
fleet-standing = Tình trạng
fleet-size = Số mục
fleet-heard = Nghe lần cuối
fleet-holds = Đang giữ
fleet-minutes = { $minutes } phút trước
fleet-asked-short = chờ ghi danh
fleet-enrolled-short = đã ghi danh
fleet-revoked-short = đã thu hồi
fleet-fork = `{ $origin }` đã ký hai lịch sử khác nhau; cả hai bản ký đều được giữ.
fleet-rollback = `{ $origin }` báo ít mục hơn số đã gửi về: nhật ký ở đài đã bị lùi lại; cả hai bản ký đều được giữ.
